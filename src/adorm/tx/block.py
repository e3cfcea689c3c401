"""`db.transaction()`: up to 100 writes and checks as one, on any tables of a database."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, cast, overload
from uuid import uuid4

from adorm.calls.capacity import ASKED, Capacity
from adorm.errors import AdormError, TransactionCanceled, UsageError, ValidationFailed
from adorm.items.applied import after_applied
from adorm.items.binding import Binding, Connection
from adorm.items.delete import Delete
from adorm.items.keys import NOT_GIVEN, Key, make_key
from adorm.items.put import Put
from adorm.items.save import Save, only_locations
from adorm.items.single_write import SingleWrite, Write, key_of_instance
from adorm.items.update import Update
from adorm.models import model_info
from adorm.retry import RetryPolicy
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.schema.scalar_types import KeyValue
from adorm.support.forks import forks
from adorm.tx.check import Check
from adorm.tx.handles import TransactionUpdate, TransactionWrite
from adorm.tx.reasons import explained
from adorm.tx.request import check_token, write_request
from adorm.tx.state import TransactionState
from adorm.tx.write_action import WriteAction

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)
WriteT = TypeVar("WriteT", bound=SingleWrite[Any])

MISMATCH = "IdempotentParameterMismatchException"
MAX_LABELS_TOLD = 5


class Bind(Protocol):
    """Gives a model's table, by the model's own name or by another."""

    def __call__(self, model: type[Any], name: str | None = None, /) -> Binding: ...


class Transaction:
    """Writes and checks that are applied together or not at all, sent as one TransactWriteItems at
    the end of the block.

    ::

        async with db.transaction() as tx:
            tx.create(order)
            tx.update(Account, "a").add(Account.balance, -5).when(Account.balance >= 5)
            tx.check(Quota, "q").when(Quota.left > 0)

    Without a block, `await tx.commit()` sends it. A body that raises or is cancelled sends nothing,
    and neither does an empty one. The requests are built at the end: what an instance holds then is
    written. Instances change only after DynamoDB said yes. Each operation is on an item of its own,
    at most 100 and 4 MB together; it costs twice the units of single writes.

    Retries of conflicts, throttles and lost answers carry one idempotency token, so that the
    transaction is applied once; DynamoDB keeps a token for ten minutes, and nine minutes after the
    first attempt one of unknown fate is not repeated: the error has `maybe_applied`. A `token` of
    your own makes a repetition by another process harmless too, if it asks for exactly the same: a
    model with timestamps does so only under one clock.

    It belongs to the task that uses it first, and is used once.

    Raises (at the end):
        UsageError: it was refused before anything was sent: too many operations, two on one item, a
            key that can't be.
        TransactionCanceled: an operation stood against it, and nothing was applied; `.reasons` has
            one for each operation. Also a group of their errors: `except* ItemExists` works.
        ServiceError, ConnectionFailed, DeadlineExceeded: it failed; `maybe_applied` says whether it
            may have been applied.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
    """

    def __init__(
        self,
        connection: Connection,
        bind: Bind,
        *,
        token: str | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        check_token(token)
        self._connection = connection
        self._bind = bind
        self._token = str(uuid4()) if token is None else token
        self._token_is_own = token is None
        self._forks = forks()
        self._retry = retry
        self._state = TransactionState()
        self._actions: list[WriteAction[Any]] = []
        self._capacity = Capacity()
        self._bindings: dict[type, Binding] = {}

    @property
    def token(self) -> str:
        """Its idempotency token; in a process forked since it was made, another one, unless it was
        given."""
        if self._token_is_own and self._forks != forks():
            self._token, self._forks = str(uuid4()), forks()
        return self._token

    @property
    def capacity(self) -> Capacity:
        """What it consumed, once it was sent: two write units for each KB of an item. DynamoDB does
        not tell what a cancelled one did, and to a repetition under the same token it tells what
        reading the result took.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
        """
        return self._capacity

    def __repr__(self) -> str:
        return f"<adorm.Transaction, {len(self._actions)} operations>"

    # ---- operations on instances

    def create(self, item: ModelT, /) -> TransactionWrite[ModelT]:
        """Insert the item, as version 1. `ItemExists` is among the reasons if the key is taken.

        Raises:
            UsageError: it is no instance of a model with a table.
        """
        binding = self._binding_of(item)
        return self._add(
            Put(binding, key_of_instance(binding, item), item, returning="item", creating=True)
        )

    def put(self, item: ModelT, /) -> TransactionWrite[ModelT]:
        """Replace the whole item; adds 1 to the version, and checks the one read when it is above
        0.

        Raises:
            UsageError: it is no instance of a model with a table.
        """
        binding = self._binding_of(item)
        return self._add(Put(binding, key_of_instance(binding, item), item, returning="item"))

    def save(
        self, item: ModelT, /, *, only: Sequence[object] | None = None
    ) -> TransactionWrite[ModelT]:
        """Write all declared attributes, or the fields in `only`, if the version is still the one
        read; adds 1 to it.

        A stored `created_at` stays as it is; unlike a single save this one does not read it into
        the instance.

        Raises:
            UsageError: it is no instance of a model with a table.
        """
        binding = self._binding_of(item)
        locations = None if only is None else only_locations(binding.info.name, only)
        return self._add(
            Save(binding, key_of_instance(binding, item), item, returning="item", only=locations)
        )

    @overload
    def delete(
        self, model: type[ModelT], partition: KeyValue, sort: KeyValue = ..., /
    ) -> TransactionWrite[ModelT]: ...
    @overload
    def delete(
        self, model: type[ModelT], key: Key[ModelT] | tuple[KeyValue, KeyValue], /
    ) -> TransactionWrite[ModelT]: ...
    @overload
    def delete(self, item: ModelT, /) -> TransactionWrite[ModelT]: ...
    def delete(
        self, item: Any, partition: Any = NOT_GIVEN, sort: Any = NOT_GIVEN, /
    ) -> TransactionWrite[Any]:
        """Delete an item by its model and key, or an instance if its version is still the one read.

        Raises:
            UsageError: the key is not the model's, or what is given is no instance of a model with
                a table.
        """
        if isinstance(item, type):
            binding, key = self._keyed(cast("type[Any]", item), partition, sort)
            return self._add(Delete(binding, key))
        if partition is not NOT_GIVEN:
            raise UsageError("delete() takes a model and a key, or an instance alone")
        binding = self._binding_of(item)
        return self._add(Delete(binding, key_of_instance(binding, item), item))

    # ---- operations by key

    @overload
    def update(
        self, model: type[ModelT], partition: KeyValue, sort: KeyValue = ..., /
    ) -> TransactionUpdate[ModelT]: ...
    @overload
    def update(
        self, model: type[ModelT], key: Key[ModelT] | tuple[KeyValue, KeyValue], /
    ) -> TransactionUpdate[ModelT]: ...
    def update(
        self, model: type[ModelT], partition: Any, sort: Any = NOT_GIVEN, /
    ) -> TransactionUpdate[ModelT]:
        """Change parts of an existing item: the clauses that follow add to it. `.upsert()` creates
        it where there is none.

        Raises:
            UsageError: the key is not the model's.
        """
        binding, key = self._keyed(model, partition, sort)
        return self._add_update(Update(binding, key))

    @overload
    def check(
        self, model: type[ModelT], partition: KeyValue, sort: KeyValue = ..., /
    ) -> TransactionWrite[ModelT]: ...
    @overload
    def check(
        self, model: type[ModelT], key: Key[ModelT] | tuple[KeyValue, KeyValue], /
    ) -> TransactionWrite[ModelT]: ...
    def check(
        self, model: type[ModelT], partition: Any, sort: Any = NOT_GIVEN, /
    ) -> TransactionWrite[ModelT]:
        """Make the transaction depend on an item that it does not write: on the conditions of
        `.when(...)`, else on its being there.

        Raises:
            UsageError: the key is not the model's.
        """
        binding, key = self._keyed(model, partition, sort)
        return self._add(Check(binding, key))

    @overload
    def include(self, write: Update[ModelT, Any], /) -> TransactionUpdate[ModelT]: ...
    @overload
    def include(self, write: Write[ModelT, Any], /) -> TransactionWrite[ModelT]: ...
    def include(self, write: Update[Any, Any] | Write[Any, Any], /) -> Any:
        """Take in a write that a table of this database has built: `tx.include(orders.update("c1",
        "o1").set(Order.status, "paid"))`.

        What was built stays as it is: clauses of the handle add to the transaction only.

        Raises:
            UsageError: it is another database's, or asks for what a transaction can't give:
                `returning(...)`, `exactly_once()`, a retry policy.
        """
        if not isinstance(write, Update | Write):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            raise UsageError(
                "include() takes a write that a table has built, such as orders.create(order), "
                f"not {write!r}"
            )
        if write.binding.connection is not self._connection:
            raise UsageError(
                f"a write to table {write.binding.table_name} by another database can't be part of "
                "this transaction"
            )
        write.check_includable()
        return self._add_update(write) if isinstance(write, Update) else self._add(write)

    # ---- its end

    def request(self) -> dict[str, Any]:
        """The exact request as it stands now, `{"TransactItems": [...], "ClientRequestToken":
        ...}`, without sending it.

        Sent, it asks for `ReturnConsumedCapacity` besides.

        Raises:
            UsageError: what would be refused before sending.
        """
        return write_request(self._actions, self.token)

    async def commit(self) -> None:
        """Send it, where there is no block.

        Raises:
            UsageError: inside its block, a second time, or from another task. Else as the end of
                the block.
        """
        self._state.commit()
        await self._send()

    async def __aenter__(self) -> Self:
        self._state.enter()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._state.end()
        if kind is None:
            await self._send()

    async def _send(self) -> None:
        if not self._actions:
            return
        request = {**self.request(), "ReturnConsumedCapacity": ASKED}
        try:
            answer = await self._connection.call(
                "TransactWriteItems", request, subject=self._describe, retry=self._retry
            )
        except TransactionCanceled as error:
            raise explained(error, self._actions) from error.__cause__
        except ValidationFailed as error:
            if error.code == MISMATCH:
                error.add_note(
                    f"another transaction was sent with the token {self._token} within ten minutes, and this one differs from it, "
                    "if only by a timestamp: read what it wrote, or take a new token"
                )
            raise
        self._capacity.count("TransactWriteItems", answer, reading=False)
        problem: AdormError | None = None
        for action in self._actions:
            try:
                action.apply()
            except Exception as error:  # noqa: BLE001  # the other instances are changed first
                problem = after_applied(error, action.binding, action.key)
        if problem is not None:
            raise problem

    def _describe(self) -> str:
        labels = [action.label for action in self._actions]
        more = f" and {len(labels) - MAX_LABELS_TOLD} more" if len(labels) > MAX_LABELS_TOLD else ""
        return f"{', '.join(labels[:MAX_LABELS_TOLD])}{more}"

    # ---- on the way in

    def _add(self, write: Write[Any, Any]) -> TransactionWrite[Any]:
        return TransactionWrite(self._state, self._added(write))

    def _add_update(self, update: Update[Any, Any]) -> TransactionUpdate[Any]:
        return TransactionUpdate(self._state, self._added(update))

    def _added(self, write: WriteT) -> WriteAction[WriteT]:
        self._state.use()
        action = WriteAction(write)
        self._actions.append(action)
        return action

    def _keyed(self, model: type[Any], partition: Any, sort: object) -> tuple[Binding, Key[Any]]:
        name: str | None = partition.table_name if isinstance(partition, Key) else None
        binding = self._bind(model, name)
        if partition is NOT_GIVEN:
            raise UsageError(f"which {binding.info.name}? Give its key after the model")
        return binding, make_key(binding.info, cast("object", partition), sort)

    def _binding_of(self, item: object) -> Binding:
        known = self._bindings.get(type(item))
        if known is None:
            known = self._bindings[type(item)] = self._find_binding(item)
        return known

    def _find_binding(self, item: object) -> Binding:
        if isinstance(item, type):
            raise UsageError(f"an instance is expected here, not the class {item.__name__}")
        try:
            info = model_info(type(item))
        except UsageError as error:
            raise UsageError(
                f"{error}; an instance does not tell which map_class stands for its class: hand in a table's write instead, "
                "tx.include(table.create(item))"
            ) from error
        if info.table is None:
            raise UsageError(
                f"{info.name} names no table: write @adorm.model(table=...), or tx.include(db.table({info.name}, name=...).create(item))"
            )
        return self._bind(type(item))
