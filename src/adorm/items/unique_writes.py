"""Writes of items whose values are unique: alone, or as a transaction with the guards.

A write that keeps the values is one plain request, on the condition that the stored values are
those of the instance. Where they are not, the failed condition tells them, and the write is planned
again, as a transaction. `docs/decisions/0044-unique-values-by-guards.md` says why this is safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import attrs

from adorm.dynamodb.operations import ACTIONS
from adorm.dynamodb.values import AttributeMap
from adorm.errors import (
    AdormError,
    ConditionalCheckFailed,
    ItemNotFound,
    ServiceError,
    TransactionCanceled,
    ValidationFailed,
    VersionConflict,
)
from adorm.items.binding import MAX_TURNS
from adorm.items.guard_change import GuardChange
from adorm.items.guards import delete_guard, put_guard, same
from adorm.items.send import send
from adorm.items.taken_guards import TakenGuards
from adorm.items.unique_change import Before, UniqueChange, read_request
from adorm.items.write import PreparedWrite
from adorm.items.write_facts import UniqueSubject
from adorm.items.write_failures import (
    after_applied,
    condition_failure,
    explain_refusal,
)


async def write_unique(write: UniqueSubject) -> Any:
    """Send a write of a model with unique values; gives what its `on_applied` gives.

    Raises:
        UniqueConflict: a value belongs to another item.
        AdormError: as for any write.
    """
    change = UniqueChange(write)
    if change.touched:
        return await UniqueWrite(change).run()
    prepared = change.prepare(change.before())
    return await send(prepared, write.policy, exactly_once=change.facts.is_exactly_once)


@attrs.frozen(eq=False)
class Done:
    """The write is applied."""

    result: Any


class UniqueWrite:
    """One write, planned and sent until it is applied or fails."""

    def __init__(self, change: UniqueChange) -> None:
        self._change = change
        self._write = change.write
        self._binding = change.binding
        self._taken = TakenGuards()
        self._left_out: set[str] = set()
        """The texts of guards that belong to other items, and are not deleted."""
        self._found: AttributeMap | None = None
        """The item as a failed condition has told it last."""
        self._failure: AdormError | None = None
        self._maybe_applied = False

    async def run(self) -> Any:
        change, write = self._change, self._write
        before = change.before()
        if change.missing(before):
            before = change.read(await self._read())
            if before.values is None and not self._change.facts.may_create:
                return self._without_item()
        for turn in range(1, MAX_TURNS + 1):
            prepared = change.prepare(before, left_out=self._left_out)
            if prepared.guards:
                reached = await self._send_together(prepared, before)
            else:
                reached = await self._send_alone(prepared, before)
            if isinstance(reached, Done):
                return reached.result
            before = reached
            if change.missing(before):
                before = change.read(await self._read())
            if 1 < turn < MAX_TURNS:
                await self._binding.connection.back_off(
                    turn - 1,
                    operation=prepared.operation,
                    subject=write.key,
                    why="before the write is planned again",
                    retry=write.policy,
                )
        failure = self._failure or ItemNotFound(f"{write.key}: no such item")
        failure.add_note(f"other writers were faster {MAX_TURNS} times: try again later")
        raise failure

    async def _read(self) -> AttributeMap | None:
        answer = await self._binding.connection.call(
            "GetItem",
            read_request(self._change),
            subject=self._write.key,
            retry=self._write.policy,
        )
        item: AttributeMap | None = answer.get("Item")
        binding, is_delete = self._binding, self._is_done_without_item
        if item is not None and is_delete and binding.hides_deleted and binding.is_deleted(item):
            return None
        return item

    @property
    def _is_done_without_item(self) -> bool:
        """Whether it is a delete that has nothing to do where there is no item."""
        return self._change.facts.verb == "delete" and not self._write.conditions

    def _without_item(self) -> None:
        """A write by key found no item: a delete has nothing to do.

        Raises:
            ItemNotFound: it is another write, or has conditions.
        """
        if self._is_done_without_item:
            return
        raise ItemNotFound(
            f"{self._write.key}: no such item in table {self._binding.table_name}; "
            "upsert() or create() makes one"
        )

    # ---- alone

    async def _send_alone(self, prepared: PreparedWrite, before: Before) -> Done | Before:
        try:
            once = self._change.facts.is_exactly_once
            return Done(await send(prepared, self._write.policy, exactly_once=once))
        except ConditionalCheckFailed as failure:
            return self._learn(failure, failure.attribute_map, before)
        except ItemNotFound as failure:
            return self._learn(failure, None, before)

    def _learn(
        self, failure: AdormError, found: AttributeMap | None, before: Before
    ) -> Done | Before:
        """What is known of the item after the write's condition on it has failed.

        Raises:
            AdormError: the values are as they were expected, so that another condition failed.
        """
        change = self._change
        self._maybe_applied = self._maybe_applied or getattr(failure, "maybe_applied", False)
        if isinstance(failure, ConditionalCheckFailed):
            failure.maybe_applied = self._maybe_applied
        self._failure, self._found = failure, found
        if change.facts.verb == "create":
            raise failure
        if isinstance(failure, VersionConflict) or getattr(failure, "other_kind", None):
            raise failure
        now = change.read(found)
        if now.values is None:
            if self._is_done_without_item:
                return Done(None)
            if before.values is None or not self._change.facts.may_create:
                raise failure
            return now
        if before.values is not None and all(
            same(_one(now.values, name), _one(before.values, name)) for name in before.known
        ):
            raise failure
        if any(
            not same(_one(now.values, name), {} if value is None else {name: value})
            for name, value in change.given.items()
        ):
            raise failure
        return now

    # ---- together with guards

    def transaction(self, prepared: PreparedWrite) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """The request, with a new token; and for each action after the first what it does with the
        guard of which text: "put", "delete" or "check"."""
        binding, guards = self._binding, prepared.guards
        actions: list[Mapping[str, Any]] = [{ACTIONS[prepared.operation]: prepared.request}]
        guard_actions: list[tuple[str, str]] = []
        if guards is None:
            return as_request(actions), guard_actions
        for text in guards.put:
            owner = self._taken.owner((binding.table_name, text), guards.owner)
            seen = () if owner is None else (owner,)
            actions.append(put_guard(binding, text, guards.owner, seen=seen))
            guard_actions.append(("put", text))
        for guard, check in self._taken.checks((binding.table_name, text) for text in guards.put):
            actions.append(check)
            guard_actions.append(("check", guard[1]))
        for text in sorted(guards.delete):
            actions.append(delete_guard(binding, text, [guards.owner]))
            guard_actions.append(("delete", text))
        return as_request(actions), guard_actions

    async def _send_together(self, prepared: PreparedWrite, before: Before) -> Done | Before:
        binding, write = self._binding, self._write
        request, guard_actions = self.transaction(prepared)
        try:
            await binding.connection.call(
                "TransactWriteItems", request, subject=write.key, retry=write.policy
            )
        except TransactionCanceled as error:
            return await self._after_cancellation(error, prepared, before, guard_actions)
        try:
            return Done(prepared.on_applied(self._answer()))
        except Exception as error:
            failure = after_applied(error, binding, write.key)
            if failure is error:
                raise
            raise failure from error

    def _answer(self) -> AttributeMap | None:
        """The attributes that a save reads of DynamoDB's answer, which a transaction does not give:
        `created_at` as a failed condition has told it."""
        field = self._binding.info.created_at
        if self._change.facts.verb != "save" or field is None or self._found is None:
            return None
        name = field.attribute_name
        return {name: self._found[name]} if name in self._found else None

    async def _after_cancellation(
        self,
        error: TransactionCanceled,
        prepared: PreparedWrite,
        before: Before,
        guard_actions: list[tuple[str, str]],
    ) -> Done | Before:
        causes = [reason.error for reason in error.reasons]
        for cause in causes:
            if isinstance(cause, ServiceError):
                cause.subject, cause.request_id = error.subject, error.request_id
                cause.attempts = error.attempts
        if not any(isinstance(cause, ConditionalCheckFailed) for cause in causes):
            raise self._other_failure(error, prepared) from error
        if isinstance(causes[0], ConditionalCheckFailed):
            failure = condition_failure(prepared, causes[0])
            if failure is not causes[0]:
                failure.__cause__ = causes[0]
            is_absent = isinstance(failure, ItemNotFound)  # or it is there, and was deleted
            found = None if is_absent else causes[0].attribute_map
            return self._learn(failure, found, before)
        self._maybe_applied = self._maybe_applied or error.maybe_applied
        for (doing, text), cause in zip(guard_actions, causes[1:], strict=False):
            if not isinstance(cause, ConditionalCheckFailed):
                continue
            self._failure = cause
            if doing == "delete":
                self._left_out.add(text)
            elif doing == "check" or prepared.guards is None:
                self._taken.check_failed((self._binding.table_name, text))
            else:
                await self._put_failed(text, prepared.guards, cause)
        return before

    async def _put_failed(
        self, text: str, guards: GuardChange, cause: ConditionalCheckFailed
    ) -> None:
        cause.maybe_applied = self._maybe_applied
        policy = self._write.policy
        await self._taken.put_failed(self._binding, text, guards, cause, policy)

    def _other_failure(self, error: TransactionCanceled, prepared: PreparedWrite) -> Exception:
        """The error of a transaction of which no condition failed: a conflict, a throttle."""
        causes = [reason.error for reason in error.reasons if reason.error is not None]
        for cause in causes:
            if isinstance(cause, ValidationFailed):
                explain_refusal(cause, prepared.clauses)
        return causes[0] if causes else error


def as_request(actions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The request of a transaction, with a new token."""
    return {"TransactItems": actions, "ClientRequestToken": str(uuid4())}


def _one(values: AttributeMap, name: str) -> AttributeMap:
    return {name: values[name]} if name in values else {}
