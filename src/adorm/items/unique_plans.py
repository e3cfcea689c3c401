"""What a write of a model with unique values sends first, told without sending it."""

from __future__ import annotations

from typing import Any

from adorm.items.plan import Plan, plan_of, write_cost
from adorm.items.unique_change import UniqueChange, read_request
from adorm.items.unique_writes import UniqueWrite
from adorm.items.write_facts import UniqueSubject


def first_request(write: UniqueSubject) -> tuple[str, dict[str, Any]]:
    """The operation and the request that `write_unique` sends first."""
    change = UniqueChange(write)
    before = change.before()
    if change.missing(before):
        return "GetItem", read_request(change)
    prepared = change.prepare(before)
    if prepared.guards or change.facts.is_exactly_once:
        return "TransactWriteItems", UniqueWrite(change).transaction(prepared)[0]
    return prepared.operation, prepared.request


def explain_unique(write: UniqueSubject) -> Plan:
    """The plan of the first request."""
    change = UniqueChange(write)
    before = change.before()
    if change.missing(before):
        prepared, together = write.prepare(), True
        guards = "the guards of the unique values that change, after a read of these values"
    else:
        prepared = change.prepare(before)
        together = bool(prepared.guards)
        count = 0 if prepared.guards is None else len(prepared.guards.put)
        guards = f"{count} guards of unique values"
    together = together or change.facts.is_exactly_once
    reason = "the whole key is given" + (f"; with it {guards}" if together else "")
    operation = "TransactWriteItems" if together else prepared.operation
    cost = write_cost(transactional=together)
    return plan_of(operation, prepared.request, cost, reason=reason)
