"""Internal: ExecuteStatement, BatchExecuteStatement and ExecuteTransaction.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteStatement.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database, Handler
from adorm.memory.errors import invalid
from adorm.memory.items.consumed_capacity import add_report
from adorm.memory.partiql.batch import batch_execute_statement
from adorm.memory.partiql.select import BoundSelect
from adorm.memory.partiql.statement_runs import bind, bound_item_write, run_select, run_write
from adorm.memory.partiql.transaction import execute_transaction


def execute_statement(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run one statement."""
    bound = bind(database, request)
    if isinstance(bound, BoundSelect):
        result = run_select(database, bound, request)
    else:
        if "NextToken" in request:
            raise invalid("NextToken is only valid on a SELECT statement")
        _, write = bound_item_write(database, bound, request)
        result = run_write(database, bound, write)
    answer: dict[str, Any] = {"Items": result.items}
    if result.next_token is not None:
        answer["NextToken"] = result.next_token
    add_report(answer, request, result.consumed)
    return answer


PARTIQL_OPERATIONS: Mapping[str, Handler] = {
    "BatchExecuteStatement": batch_execute_statement,
    "ExecuteStatement": execute_statement,
    "ExecuteTransaction": execute_transaction,
}
