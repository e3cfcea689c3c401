"""`SingleTable`: one table that holds the items of several models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from adorm.dynamodb.table_names import check_table_name
from adorm.errors import ModelError, UsageError
from adorm.schema.indexes import GlobalIndex, LocalIndex, check_index

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_PARTITION = "PK"
DEFAULT_SORT = "SK"
DEFAULT_TYPE_ATTRIBUTE = "_type"
GUARD_TYPE = "_unique"
"""What the type attribute holds of an item that guards a unique value."""
GUARD_OWNER = "_owner"
"""The attribute of such an item that holds the key of the item with the value."""
HASHED_PREFIX = "UNIQUE##"
"""What the key of a guard with a hash begins with. No entity is empty, so no other begins so."""


class SingleTable:
    """One table for several models, which make its key attributes of their fields.

    ::

        shop = adorm.SingleTable(
            "shop", indexes=[adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK")]
        )


        @adorm.model(table=shop)
        class Customer:
            user_name: str
            key = adorm.key("CUSTOMER#{user_name}", "CUSTOMER#{user_name}")

    Args:
        name: the table's name, 3 to 255 letters, digits, `_`, `-` and `.`; or its ARN.
        partition: the attribute name of its partition key.
        sort: the attribute name of its sort key; None for a table without one.
        indexes: its secondary indexes. They name attributes, not fields.
        type_attribute: the attribute that holds the entity of each item; None where items are told
            apart by their keys alone.

    Raises:
        ModelError: DynamoDB does not take the name of the table or of an index, or two of the
            attributes or indexes have one name.
    """

    def __init__(
        self,
        name: str,
        *,
        partition: str = DEFAULT_PARTITION,
        sort: str | None = DEFAULT_SORT,
        indexes: Sequence[GlobalIndex | LocalIndex] = (),
        type_attribute: str | None = DEFAULT_TYPE_ATTRIBUTE,
    ) -> None:
        where = f"SingleTable({name!r})"
        try:
            check_table_name(name)
        except UsageError as error:
            raise ModelError(f"{where}: {error}") from error
        for index in indexes:
            check_index(where, index)
        self.name = name
        """The table's name."""
        self.partition = partition
        """The attribute name of the partition key."""
        self.sort = sort
        """The attribute name of the sort key; None for a table without one."""
        self.indexes = {index.name: index for index in indexes}
        """Its secondary indexes by name."""
        self.type_attribute = type_attribute
        """The attribute that holds the entity of each item."""
        self.revision = 0
        """How often a model was added: what was made of all its models holds until the next."""
        self._models: WeakSet[type[Any]] = WeakSet()
        self._order: dict[str, int] = {}
        self._check(indexes)

    def _check(self, indexes: Sequence[GlobalIndex | LocalIndex]) -> None:
        names = [name for name in (self.partition, self.sort, self.type_attribute) if name]
        if not self.partition or len(set(names)) < len(names):
            raise ModelError(
                f"SingleTable({self.name!r}): its partition key, sort key and type attribute are "
                f"three attributes with names of their own, not {', '.join(map(repr, names))}"
            )
        if len(self.indexes) < len(indexes):
            raise ModelError(f"SingleTable({self.name!r}): two of its indexes have one name")
        if self.sort is None and any(isinstance(index, LocalIndex) for index in indexes):
            raise ModelError(
                f"SingleTable({self.name!r}): a local index needs a table with a sort key"
            )

    @property
    def models(self) -> Sequence[type[Any]]:
        """Its models, in the order in which their classes were made; abstract ones are left out."""
        return tuple(self._concrete())

    def _concrete(self) -> Iterator[type[Any]]:
        for cls in sorted(self._models, key=lambda each: self._order[_name(each)]):
            if not getattr(cls, "__adorm_options__").abstract:  # noqa: B009  # models.py sets it
                yield cls

    def add(self, cls: type[Any]) -> None:
        """Take a model of this table. `@adorm.model(table=...)` calls it.

        A class that is made again under its name, as in a notebook, takes the place of the older.
        """
        self.revision += 1
        for other in list(self._models):
            if _name(other) == _name(cls):
                self._models.discard(other)
        self._models.add(cls)
        self._order.setdefault(_name(cls), len(self._order))

    def __repr__(self) -> str:
        return f"SingleTable({self.name!r})"


def _name(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
