"""Each operation of DynamoDB has one row, and no other module keeps a list of operations."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from adorm.dynamodb.operations import (
    ACTIONS,
    OPERATIONS,
    READS,
    Operation,
    counts_by_table,
    operation_of,
)
from adorm.transport.answer_shapes import CHECKS

SOURCE = Path(__file__).parents[2] / "src" / "adorm"

MAY_NAME_SEVERAL = {
    "dynamodb/operations.py",
    "transport/answer_shapes.py",  # the checks of answers, one function for each operation
    "testing/attempts.py",  # the two operations that leave work unprocessed
}


def names_in(node: ast.AST) -> int:
    """How many names of operations a set, list, tuple or dict has as members or keys."""
    match node:
        case ast.Set(elts=members) | ast.List(elts=members) | ast.Tuple(elts=members):
            parts = list(members)
        case ast.Dict(keys=keys):
            parts = [key for key in keys if key is not None]
        case _:
            return 0
    return sum(isinstance(part, ast.Constant) and part.value in OPERATIONS for part in parts)


def expressions(node: ast.AST) -> Iterator[ast.expr]:
    """All expressions below a node, but for types such as `Literal[...]`."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.Subscript):
            if isinstance(child, ast.expr):
                yield child
            yield from expressions(child)


def test_no_other_module_keeps_a_table_of_operations() -> None:
    tables = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path in SOURCE.rglob("*.py")
        if not path.is_relative_to(SOURCE / "memory")  # the engine is a program of its own
        and path.relative_to(SOURCE).as_posix() not in MAY_NAME_SEVERAL
        for node in expressions(ast.parse(path.read_text()))
        if names_in(node) > 1
    ]
    assert not tables, f"write it as a column of adorm.dynamodb.operations: {', '.join(tables)}"


def test_every_check_of_an_answer_is_of_an_operation_with_a_row() -> None:
    assert CHECKS.keys() <= OPERATIONS.keys()


def test_reads_are_the_operations_that_read_items() -> None:
    assert READS == {"GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"}
    assert ACTIONS["UpdateItem"] == "Update"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DescribeBackup", Operation("read")),
        ("ListBackups", Operation("read")),
        ("UpdateGlobalTable", Operation("safe")),
        ("CreateBackup", Operation("never")),
    ],
)
def test_an_operation_without_a_row_is_judged_by_its_name(name: str, expected: Operation) -> None:
    assert operation_of(name) == expected


REQUESTS: list[tuple[dict[str, object], dict[str, int]]] = [
    ({"TableName": "orders"}, {"orders": 1}),
    ({"TableName": 5}, {"": 1}),
    (
        {"RequestItems": {"orders": {"Keys": [{}, {}]}, "lines": [{}], "odd": 3}},
        {"orders": 2, "lines": 1, "odd": 0},
    ),
    (
        {
            "TransactItems": [
                {"Put": {"TableName": "orders"}},
                {"Get": {"TableName": "orders"}},
                {"Put": 1},
                2,
            ]
        },
        {"orders": 2, "": 1},
    ),
    ({"Statements": []}, {}),
]


@pytest.mark.parametrize(("request_", "counts"), REQUESTS)
def test_the_tables_of_a_request_and_what_it_asks_of_each(
    request_: dict[str, object], counts: dict[str, int]
) -> None:
    assert counts_by_table(request_) == counts
