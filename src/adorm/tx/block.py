"""`Transaction`: up to 100 writes and checks as one, on any tables of a database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from adorm.calls.capacity import CAPACITY_REPORT, Capacity
from adorm.codec.sizes import item_size, json_size
from adorm.dynamodb.limits import (
    MAX_TOKEN_CHARACTERS,
    MAX_TRANSACTION_ACTIONS,
    MAX_TRANSACTION_BYTES,
)
from adorm.errors import AdormError, BadValue, TransactionCanceled, UsageError, ValidationFailed
from adorm.items.binding import Connection
from adorm.items.item_ids import ItemId, item_id
from adorm.items.write_failures import after_applied
from adorm.retry import RetryPolicy
from adorm.support.forks import forks
from adorm.transport.base import Answer
from adorm.tx.actions import explained
from adorm.tx.builder import TransactionBuilder

if TYPE_CHECKING:
    from adorm.tx.guards import TransactionGuards
    from adorm.tx.hooked import HookedActions

MISMATCH = "IdempotentParameterMismatchException"
"""The error code for a token that was used for another request within ten minutes."""
MAX_LABELS_SHOWN = 5
"""How many actions an error names."""


class Transaction(TransactionBuilder):
    """Writes and checks that are applied together or not at all, as one TransactWriteItems.

    ::

        async with db.transaction() as tx:
            tx.create(order)
            tx.update(Account, "a").add(Account.balance, -5).when(Account.balance >= 5)
            tx.check(Quota, "q").when(Quota.left > 0)

    It is sent at the end of the block; without a block, `await tx.commit()` sends it. A body that
    raises or is cancelled sends nothing, and neither does an empty one. The requests are built at
    the end, from what the instances hold then. Instances change only after DynamoDB has applied
    the transaction. At most 100 actions and 4 MB together, each on an item of its own; they cost
    twice the units of single writes.

    Conflicts, throttles and lost answers are retried with one idempotency token, so that the
    transaction is applied once. DynamoDB keeps a token for ten minutes: an attempt that may have
    been applied is not repeated later than nine minutes after the first one, and the error has
    `maybe_applied`. With a `token` of your own another process can repeat the transaction, too, if
    its request is exactly the same; the timestamps of a model make it differ, unless both use one
    clock.

    Guards of unique values are written with the items, and count among the 100 actions. An update
    or delete by key of an item with unique values wants `.given(Member.email == old)`. A guard that
    no item needs any more is taken over: the transaction is sent again under a new token, unless
    the token is yours.

    It belongs to the task that uses it first, and can be used once.

    Raises (at the end):
        UsageError: it can't be sent: there are too many actions, two are on one item, or a key
            can't be stored.
        TransactionCanceled: nothing was applied; `.reasons` has a reason for each action. Also a
            group of their errors: `except* ItemExists` works.
        ServiceError, ConnectionFailed, DeadlineExceeded: it failed; `maybe_applied` says whether it
            may have been applied.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
    """

    def __init__(
        self, connection: Connection, *, token: str | None = None, retry: RetryPolicy | None = None
    ) -> None:
        check_token(token)
        super().__init__(connection)
        self._token = str(uuid4()) if token is None else token
        self._token_is_own = token is None
        self._forks = forks()
        self._retry = retry
        self._capacity = Capacity()
        self._guards: TransactionGuards | None = None
        self.ran_before_hooks = False
        """Whether the hooks before its writes were called already, by who has made it."""

    @property
    def token(self) -> str:
        """Its idempotency token. In a process that was forked since, it is another one, unless the
        caller gave it."""
        if self._token_is_own and self._forks != forks():
            self._token, self._forks = str(uuid4()), forks()
        return self._token

    @property
    def capacity(self) -> Capacity:
        """What it consumed, once it is sent: two write units for each KB of an item.

        Of a cancelled transaction DynamoDB does not tell it. For a repetition under the same token
        it tells what reading the result took.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
        """
        return self._capacity

    def __repr__(self) -> str:
        return f"<adorm.Transaction, {len(self._actions)} operations>"

    def request(self) -> dict[str, Any]:
        """The request as it would be sent now, without sending it: `{"TransactItems": [{"Update":
        {...}}, ...], "ClientRequestToken": ...}`.

        `ReturnConsumedCapacity` is added when it is sent.

        Raises:
            UsageError: there are too many actions, they are too large together, two are on one
                item, or one can't be sent; the message names it.
        """
        actions = self._actions
        if len(actions) > MAX_TRANSACTION_ACTIONS:
            raise UsageError(
                f"the transaction has {len(actions)} operations and DynamoDB takes "
                f"{MAX_TRANSACTION_ACTIONS}; {actions[MAX_TRANSACTION_ACTIONS].label} is the first "
                "too many: split it where the parts need not hold together"
            )
        items: list[dict[str, Any]] = []
        numbers: dict[ItemId, int] = {}
        size = 0  # never less than DynamoDB counts
        for number, action in enumerate(actions, start=1):
            try:
                name, request = action.build()
            except UsageError as error:
                error.add_note(f"this is operation {number} of the transaction, {action.label}")
                raise
            key_or_item = request["Key"] if "Key" in request else request["Item"]
            other = numbers.setdefault(item_id(action.write.binding, key_or_item), number)
            if other != number:
                raise UsageError(
                    f"operations {other} ({actions[other - 1].label}) and {number} "
                    f"({action.label}) are on one item, and DynamoDB takes one operation for each "
                    "item in a transaction: put the changes into one update, and a check into the "
                    "write's when()"
                )
            items.append({name: request})
            size += _size_at_most(request)
            if size > MAX_TRANSACTION_BYTES:
                size = sum(_size(each) for item in items for each in item.values())
            if size > MAX_TRANSACTION_BYTES:
                raise UsageError(
                    f"with operation {number} ({action.label}) the transaction has more than the "
                    f"{MAX_TRANSACTION_BYTES} bytes that DynamoDB takes: split it"
                )
        if any(action.prepared is not None and action.prepared.guards for action in actions):
            items += self._guard_actions(len(items), size)
        return {"TransactItems": items, "ClientRequestToken": self.token}

    def _guard_actions(self, count: int, size: int) -> list[dict[str, Any]]:
        """The actions on the guards of unique values, which follow those of the caller."""
        from adorm.tx.guards import TransactionGuards

        if self._guards is None:
            self._guards = TransactionGuards(self._actions)
        added = self._guards.requests()
        if count + len(added) > MAX_TRANSACTION_ACTIONS:
            raise UsageError(
                f"the transaction has {count} operations and {len(added)} more for the guards of "
                f"unique values, and DynamoDB takes {MAX_TRANSACTION_ACTIONS}: split it where the "
                "parts need not hold together"
            )
        if size + sum(map(_size_at_most, added)) > MAX_TRANSACTION_BYTES:
            raise UsageError(
                "with the guards of unique values the transaction has more than the "
                f"{MAX_TRANSACTION_BYTES} bytes that DynamoDB takes: split it"
            )
        return added

    async def commit(self) -> None:
        """Send it, where there is no block.

        Raises:
            UsageError: it is called inside the block, a second time, or from another task.
            AdormError: as at the end of a block.
        """
        self._state.commit()
        await self._send()

    async def __aenter__(self) -> Self:
        self._state.enter()
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        self._state.end()
        if error is None:
            await self._send()

    async def _send(self) -> None:
        if not self._actions:
            return
        hooked: HookedActions | None = None
        if self._may_have_hooks:
            from adorm.tx.hooked import hooked_actions

            hooked = hooked_actions(self._actions)
            await hooked.before(ran_before=self.ran_before_hooks)
        problem = await self._send_until_applied()
        if hooked is not None:
            await hooked.after(problem)
        elif problem is not None:
            raise problem

    async def _send_until_applied(self) -> AdormError | None:
        """Send it; gives the error of an instance that could not be changed afterwards."""
        turn = 0
        while True:
            request = {**self.request(), "ReturnConsumedCapacity": CAPACITY_REPORT}
            try:
                return self._applied(await self._call(request))
            except TransactionCanceled as error:
                failure = explained(error, self._actions)
                if self._guards is None:
                    raise failure from error.__cause__
                turn += 1
                await self._guards.learn(error, failure, turn, is_own=self._token_is_own)
            self._token = str(uuid4())
            await self._connection.back_off(
                turn,
                operation="TransactWriteItems",
                subject=self._describe(),
                why="before it is sent with what is known of its unique values",
                retry=self._retry,
            )

    async def _call(self, request: dict[str, Any]) -> Answer:
        try:
            return await self._connection.call(
                "TransactWriteItems", request, subject=self._describe, retry=self._retry
            )
        except ValidationFailed as error:
            if error.code == MISMATCH:
                error.add_note(
                    f"another transaction was sent with the token {self._token} within ten "
                    "minutes, and this one differs from it, if only by a timestamp: read what it "
                    "wrote, or take a new token"
                )
            raise

    def _applied(self, answer: Answer) -> AdormError | None:
        """Change the instances; gives the error of one that could not be changed."""
        self._capacity.count("TransactWriteItems", answer, reading=False)
        problem: AdormError | None = None
        for action in self._actions:
            try:
                action.apply()
            except Exception as error:  # noqa: BLE001  # the other instances are changed first
                problem = after_applied(error, action.write.binding, action.key)
        return problem

    def _describe(self) -> str:
        labels = ", ".join([action.label for action in self._actions[:MAX_LABELS_SHOWN]])
        more = len(self._actions) - MAX_LABELS_SHOWN
        return f"{labels} and {more} more" if more > 0 else labels


def check_token(token: str | None) -> None:
    """Refuse what can't be an idempotency token."""
    if token is None:
        return
    # unchecked callers
    is_text = isinstance(token, str)  # pyright: ignore[reportUnnecessaryIsInstance]
    if not is_text or not 1 <= len(token) <= MAX_TOKEN_CHARACTERS:
        raise (BadValue if is_text else UsageError)(
            f"an idempotency token has 1 to {MAX_TOKEN_CHARACTERS} characters, "
            f"such as str(uuid4()); {token!r} does not fit"
        )


def _size_at_most(request: Mapping[str, Any]) -> int:
    """An upper bound of `_size`, computed in an eighth of its time."""
    try:
        return json_size(request)
    except TypeError as error:
        raise BadValue(f"the request can't be written as JSON: {error}") from error


def _size(request: Mapping[str, Any]) -> int:
    """The size in bytes as far as it is known before DynamoDB answers: of a put the item, of other
    actions their key and values."""
    if "Item" in request:
        return item_size(request["Item"])
    return item_size(request["Key"]) + item_size(request.get("ExpressionAttributeValues", {}))
