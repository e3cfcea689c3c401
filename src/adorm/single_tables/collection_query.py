"""`db.query(Customer, Order)`: items of several models under a common partition key."""

from __future__ import annotations

from typing import Generic, Self, TypeVar

import attrs

from adorm.expressions.conditions import Condition
from adorm.items.operation import Operation
from adorm.query.pages import Page
from adorm.query.stream import ItemStream
from adorm.single_tables.collection import Collection
from adorm.single_tables.collection_read import CollectionRead

BucketsT = TypeVar("BucketsT")
ItemT = TypeVar("ItemT")


@attrs.define(eq=False, repr=False)
class CollectionQuery(Collection[BucketsT, ItemT, CollectionRead[ItemT]], Generic[BucketsT, ItemT]):
    """Items of several models of one `SingleTable`.

    ::

        customers, orders = await db.query(Customer, Order).where(Customer.user_name == "ada")
        async for item in db.query(Customer, Order).where(Customer.user_name == "ada"):
            ...  # Customer | Order, in the order of their keys

    Awaited, it gives a list for each model, in the order in which they were named; iterated, the
    items in the order of their keys. An abstract model stands for its subclasses.

    It reads the table, or an index, in which each model has a key whose partition key is like the
    one that the conditions give in full, by parts of one of the models. The sort keys that are read
    are the least range that holds all of theirs. Items of other models in between are read, charged
    for and left out; `explain()` says of which.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
    """

    # ---- clauses

    def where(self, *conditions: bool | Condition) -> Self:
        """Conditions on the parts of keys, which become the key condition; others filter.

        A condition on a part of the sort key is about all models, so that every sort key has to
        begin in the same way. Any other condition is about the model that it names, see `filter`.
        """
        return self._with(self._read.where(*conditions))

    def filter(self, *conditions: bool | Condition) -> Self:
        """Leave out items that do not meet the conditions that are about their model.

        `filter(Order.status == "open")` leaves out orders that are not open, and no customers. A
        condition on an abstract model is about its subclasses, one on `adorm.path(...)` about all.
        DynamoDB still charges for what is left out.
        """
        return self._with(self._read.filter(*conditions))

    def ascending(self) -> Self:
        """From the smallest sort key on; the default."""
        return self._with(self._read.ascending())

    def descending(self) -> Self:
        """From the largest sort key on."""
        return self._with(self._read.descending())

    def index(self, name: str, /) -> Self:
        """Read this index, and no other.

        Raises:
            UsageError: one of the models has no such index.
        """
        return self._with(self._read.index(name))

    def limit(self, items: int, /) -> Self:
        """Give at most this many items of all models together, over all pages.

        Raises:
            UsageError: it is negative, or no whole number.
        """
        return self._with(self._read.limit(items))

    # ---- reading

    def stream(self) -> ItemStream[ItemT]:
        """A block in which the next page is fetched while this one is used."""
        return self._read.stream()

    def page(self, cursor: str | None = None, /) -> Operation[Page[ItemT]]:
        """Up to `limit` items of all models together, in key order, and the cursor after them.

        See `Query.page`.

        Raises:
            BadCursor: the cursor is not one of this query.
            UsageError: the limit is 0, so that no cursor could go on.
        """
        return self._read.page(cursor)

    def count(self) -> Operation[int]:
        """How many items of all models there are, up to the limit.

        DynamoDB counts them and sends none. With a condition about some of the models only, or with
        `hydrate()`, the items are read and counted here.
        """
        return self._read.count()
