"""What a database, and a table, offer of transactions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from adorm.items.binding import Binding, Connection
from adorm.items.keys import Key, make_key
from adorm.models import is_instance
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.schema.scalar_types import KeyValue

if TYPE_CHECKING:  # imported by the methods that need them: a cold start pays for what it uses
    from adorm.retry import RetryPolicy
    from adorm.tx.block import Transaction
    from adorm.tx.move import Move
    from adorm.tx.read_modify_write import ChangeFunction
    from adorm.tx.transact_get import TransactGet

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)
T1 = TypeVar("T1", bound=DataclassLike | AttrsLike)
T2 = TypeVar("T2", bound=DataclassLike | AttrsLike)
T3 = TypeVar("T3", bound=DataclassLike | AttrsLike)
T4 = TypeVar("T4", bound=DataclassLike | AttrsLike)
T5 = TypeVar("T5", bound=DataclassLike | AttrsLike)
T6 = TypeVar("T6", bound=DataclassLike | AttrsLike)
T7 = TypeVar("T7", bound=DataclassLike | AttrsLike)
T8 = TypeVar("T8", bound=DataclassLike | AttrsLike)
T9 = TypeVar("T9", bound=DataclassLike | AttrsLike)
T10 = TypeVar("T10", bound=DataclassLike | AttrsLike)


class Transactions(Connection):
    """The part of a database that works on several items as one."""

    def transaction(
        self, *, token: str | None = None, retry: RetryPolicy | None = None
    ) -> Transaction:
        """Writes and checks that are applied together or not at all: `async with db.transaction()
        as tx`. See `Transaction`.

        Args:
            token: the idempotency token, 1 to 36 characters; by default a new one.
            retry: the policy in the place of the database's.

        Raises:
            UsageError: the token does not fit.
        """
        from adorm.tx.block import Transaction

        return Transaction(self, token=token, retry=retry)

    # A table, laid out by hand: each row has one key more.
    # fmt: off
    @overload
    def transact_get(self, a: Key[T1], /) -> TransactGet[tuple[T1 | None]]: ...
    @overload
    def transact_get(
        self, a: Key[T1], b: Key[T2], /
    ) -> TransactGet[tuple[T1 | None, T2 | None]]: ...
    @overload
    def transact_get(
        self, a: Key[T1], b: Key[T2], c: Key[T3], /
    ) -> TransactGet[tuple[T1 | None, T2 | None, T3 | None]]: ...
    @overload
    def transact_get(
        self, a: Key[T1], b: Key[T2], c: Key[T3], d: Key[T4], /
    ) -> TransactGet[tuple[T1 | None, T2 | None, T3 | None, T4 | None]]: ...
    @overload
    def transact_get(
        self, a: Key[T1], b: Key[T2], c: Key[T3], d: Key[T4], e: Key[T5], /
    ) -> TransactGet[tuple[T1 | None, T2 | None, T3 | None, T4 | None, T5 | None]]: ...
    @overload
    def transact_get(
        self, a: Key[T1], b: Key[T2], c: Key[T3], d: Key[T4], e: Key[T5], f: Key[T6], /
    ) -> TransactGet[tuple[T1 | None, T2 | None, T3 | None, T4 | None, T5 | None, T6 | None]]: ...
    @overload
    def transact_get(
        self, a: Key[T1], b: Key[T2], c: Key[T3], d: Key[T4], e: Key[T5], f: Key[T6], g: Key[T7],
        /
    ) -> TransactGet[tuple[
        T1 | None, T2 | None, T3 | None, T4 | None, T5 | None, T6 | None, T7 | None
    ]]: ...
    @overload
    def transact_get(
        self, a: Key[T1], b: Key[T2], c: Key[T3], d: Key[T4], e: Key[T5], f: Key[T6], g: Key[T7],
        h: Key[T8], /
    ) -> TransactGet[tuple[
        T1 | None, T2 | None, T3 | None, T4 | None, T5 | None, T6 | None, T7 | None, T8 | None
    ]]: ...
    @overload
    def transact_get(
        self, a: Key[T1], b: Key[T2], c: Key[T3], d: Key[T4], e: Key[T5], f: Key[T6], g: Key[T7],
        h: Key[T8], i: Key[T9], /
    ) -> TransactGet[tuple[
        T1 | None, T2 | None, T3 | None, T4 | None, T5 | None, T6 | None, T7 | None, T8 | None,
        T9 | None
    ]]: ...
    @overload
    def transact_get(
        self, a: Key[T1], b: Key[T2], c: Key[T3], d: Key[T4], e: Key[T5], f: Key[T6], g: Key[T7],
        h: Key[T8], i: Key[T9], j: Key[T10], /
    ) -> TransactGet[tuple[
        T1 | None, T2 | None, T3 | None, T4 | None, T5 | None, T6 | None, T7 | None, T8 | None,
        T9 | None, T10 | None
    ]]: ...
    # fmt: on
    def transact_get(self, *keys: Key[Any]) -> TransactGet[Any]:
        """The items of up to ten keys as they were at one moment, in order; None where missing.

        ::

            user, quota = await db.transact_get(users.key("u"), quotas.key("q"))

        See `TransactGet`; `transact_get_all` takes a list.

        Raises:
            UsageError: something is no key, or above 100 of them.
        """
        from adorm.tx.transact_get import TransactGet, get_actions

        return TransactGet(self, get_actions(self, keys), tuple)

    def transact_get_all(self, keys: Iterable[Key[T1]], /) -> TransactGet[list[T1 | None]]:
        """The items of up to 100 keys as they were at one moment, in order; None where missing.

        Raises:
            UsageError: something is no key, or above 100 of them.
        """
        from adorm.tx.transact_get import TransactGet, get_actions

        return TransactGet(self, get_actions(self, keys), list)


class TableTransactions(Generic[ModelT]):
    """What a table offers for changes that need what is stored to be as it was read."""

    __slots__ = ("_binding",)

    def __init__(self, binding: Binding) -> None:
        self._binding = binding

    def _key(self, key: tuple[Any, ...], parts: dict[str, Any]) -> Key[Any]:
        return make_key(self._binding.info, key, parts)

    def move(self, old: ModelT | Key[ModelT], new: ModelT, /) -> Move[ModelT]:
        """Put `new` under its key, which has to be free, in the place of `old`, in one transaction.

        An item never changes its key: `await orders.move(order, attrs.evolve(order,
        order_id="o2"))`. The version goes on, and `created_at` stays. The result is the new item.

        Raises (when awaited):
            ItemNotFound: there is no old item.
            VersionConflict: the old item was given as an instance, and was written since it was
                read, or is gone.
            ItemExists: the new key is taken; `.item` is what is there.
        """
        from adorm.items.single_write import key_of_instance
        from adorm.tx.move import Move

        binding = self._binding
        if is_instance(binding.info, old):
            return Move(binding, key_of_instance(binding, old), old, new)
        return Move(binding, self._key((old,), {}), None, new)

    async def read_modify_write(
        self,
        key: Key[ModelT] | tuple[KeyValue, KeyValue] | KeyValue,
        change: ChangeFunction[ModelT],
        /,
        *,
        max_attempts: int = 30,
    ) -> ModelT:
        """Read the item, let `change` change it and save it; again if it was written meanwhile.

        ::

            await accounts.read_modify_write(
                "a", lambda account: attrs.evolve(account, balance=account.balance * 2)
            )

        `change` may be async; it gets the item and changes it in place, or returns another in its
        place. It is called once for each attempt, so it should do nothing else. The read is
        consistent; between attempts it waits as the retry policy says, with jitter and under the
        deadline. A change that raises leaves everything as it was.

        Returns:
            The item as stored.

        Raises:
            UsageError: the model has no version, or `change` gave what can't be saved under this
                key.
            ItemNotFound: there is no such item.
            VersionConflict: others were faster `max_attempts` times; or with `maybe_applied`, the
                save may have been applied.
        """
        from adorm.tx.read_modify_write import read_modify_write

        stored = await read_modify_write(
            self._binding, self._key((key,), {}), change, max_attempts=max_attempts
        )
        return cast("ModelT", stored)
