"""Unique values in a transaction of the caller's: the guards of all its operations.

Two operations on one guard become one, as DynamoDB takes one action for each item. So two items can
swap their values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.errors import (
    CancellationReason,
    ConditionalCheckFailed,
    ServiceError,
    TransactionCanceled,
    UsageError,
)
from adorm.items.binding import MAX_TURNS, Binding
from adorm.items.guard_change import GuardChange
from adorm.items.guards import delete_guard, put_guard
from adorm.items.taken_guards import GuardId, TakenGuards
from adorm.items.write_failures import error_like
from adorm.tx.actions import WriteAction


@attrs.define(eq=False)
class _Guard:
    """What a transaction does with one guard."""

    binding: Binding
    text: str
    wanted: int | None = None
    """The number of the action that puts it, from 0."""
    freed: list[AttributeMap] = attrs.Factory(list[AttributeMap])
    """The keys of the items that give it up."""


class TransactionGuards:
    """The guards of a transaction, and what it has learned of those that were in its way."""

    def __init__(self, actions: Sequence[WriteAction[Any]]) -> None:
        self._actions = actions
        self._taken = TakenGuards()
        self._left_out: set[GuardId] = set()
        self._parts: list[tuple[Literal["put", "check", "delete"], GuardId]] = []
        self._guards: dict[GuardId, _Guard] = {}

    def requests(self) -> list[dict[str, Any]]:
        """The actions on guards. The caller's actions have been prepared.

        Raises:
            UsageError: two operations want the same value.
        """
        self._guards = guards = self._collect()
        self._parts = []
        requests: list[dict[str, Any]] = []
        for guard, each in guards.items():
            change = None if each.wanted is None else self._change(each.wanted)
            if change is None:
                if guard not in self._left_out:
                    requests.append(delete_guard(each.binding, each.text, each.freed))
                    self._parts.append(("delete", guard))
                continue
            taken = self._taken.owner(guard, change.owner)
            seen = [*each.freed, *([] if taken is None else [taken])]
            requests.append(
                put_guard(
                    each.binding, each.text, change.owner, seen=seen, may_be_absent=bool(each.freed)
                )
            )
            self._parts.append(("put", guard))
        wanted = [guard for guard, each in guards.items() if each.wanted is not None]
        for guard, check in self._taken.checks(wanted):
            requests.append(check)
            self._parts.append(("check", guard))
        return requests

    def _change(self, number: int) -> GuardChange | None:
        prepared = self._actions[number].prepared
        return None if prepared is None else prepared.guards

    def _collect(self) -> dict[GuardId, _Guard]:
        guards: dict[GuardId, _Guard] = {}
        for number, action in enumerate(self._actions):
            change, binding = self._change(number), action.write.binding
            if change is None:
                continue
            for text in change.put:
                guard = guards.setdefault((binding.table_name, text), _Guard(binding, text))
                if guard.wanted is not None:
                    other = self._actions[guard.wanted].label
                    raise UsageError(
                        f"operations {guard.wanted + 1} ({other}) and {number + 1} "
                        f"({action.label}) give two items the same {change.put[text].name}, "
                        "which is unique"
                    )
                guard.wanted, guard.binding = number, binding
            for text in sorted(change.delete):
                guard = guards.setdefault((binding.table_name, text), _Guard(binding, text))
                guard.freed.append(change.owner)
        return guards

    async def learn(
        self, error: TransactionCanceled, failure: TransactionCanceled, turn: int, *, is_own: bool
    ) -> None:
        """Learn from a cancelled transaction, so that it can be sent again with a new token.

        Args:
            failure: the same error with a reason for each of the caller's actions.
            turn: how often it was sent.
            is_own: whether the token is adorm's own; one of the caller's can't be replaced.

        Raises:
            TransactionCanceled: sending it again would not help.
        """
        count = len(self._actions)
        causes = [reason.error for reason in error.reasons]
        if any(cause is not None for cause in causes[:count]):
            raise failure from error.__cause__
        conflicts: dict[int, Exception] = {}
        has_learned = False
        for (doing, guard), cause in zip(self._parts, causes[count:], strict=False):
            each = self._guards[guard]
            if not isinstance(cause, ConditionalCheckFailed):
                if cause is not None:  # a conflict or a throttle
                    conflicts[each.wanted or 0] = cause
                continue
            has_learned = True
            if doing == "delete":
                self._left_out.add(guard)
            elif doing == "check":
                self._taken.check_failed(guard)
            elif each.wanted is not None and (change := self._change(each.wanted)) is not None:
                cause.subject = str(self._actions[each.wanted].key)
                try:
                    await self._taken.put_failed(each.binding, each.text, change, cause, None)
                except ConditionalCheckFailed as conflict:
                    conflicts[each.wanted] = conflict
        if conflicts:
            raise _with_conflicts(failure, conflicts) from error.__cause__
        if not has_learned or not is_own or turn >= MAX_TURNS:
            if has_learned:
                failure.add_note(
                    f"other writers were faster {turn} times: try again later"
                    if is_own
                    else "guards of unique values are in the way that no item needs any more; "
                    "a transaction without a token of yours takes them over"
                )
            raise failure from error.__cause__


def _with_conflicts(
    failure: TransactionCanceled, conflicts: dict[int, Exception]
) -> TransactionCanceled:
    """The same error with conflicts as the reasons of the actions that wanted the values."""
    reasons: list[CancellationReason] = list(failure.reasons)
    for number, conflict in conflicts.items():
        detail = conflict.detail if isinstance(conflict, ServiceError) else None
        code = conflict.code.removesuffix("Exception") if isinstance(conflict, ServiceError) else ""
        operation = reasons[number].operation
        reasons[number] = CancellationReason(operation, code, detail, None, None, conflict)
    return error_like(failure, TransactionCanceled, reasons)
