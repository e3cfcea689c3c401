"""`ItemPage`: the items of one answer of Query, Scan or BatchGetItem, however they were read.

There are two kinds. A `MapPage` holds attribute maps, as JSON has them. A `ParsedPage` (in
`adorm.codec.compiled.pages`) holds structs that were filled straight from the answer's bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from adorm.codec.failures import DecodeFailure
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemDecodeError


class ItemReader(Protocol):
    """What a page needs to make instances of its items."""

    def decoder(self) -> Callable[[AttributeMap], Any]:
        """Makes the instance of an attribute map; raises `DecodeFailure` where it does not fit."""
        ...

    def page_parser(self) -> object:
        """The `PageParser` of the model as hooks are registered now; None where there is none."""
        ...

    def decode_error(self, failure: DecodeFailure, attribute_map: AttributeMap) -> ItemDecodeError:
        """The error that users get for an item that does not fit the model."""
        ...


class ItemPage(ABC):
    """The items of one answer, in DynamoDB's order. Indexes begin at 0."""

    __slots__ = ()

    @abstractmethod
    def __len__(self) -> int:
        """How many items there are."""

    @abstractmethod
    def __delitem__(self, indexes: slice) -> None:
        """Leave out the last items: `del page[10:]` keeps the first ten."""

    @abstractmethod
    def key(self, index: int, names: Iterable[str]) -> AttributeMap:
        """Some attributes of one item, `{"pk": {"S": "x"}}`; the index may be negative.

        Raises:
            KeyError: the item lacks one of them; the error's argument is its name.
        """

    @abstractmethod
    def attribute_map(self, index: int) -> AttributeMap:
        """One item as DynamoDB sent it, with the attributes that no field declares."""

    @abstractmethod
    def attribute_maps(self) -> list[AttributeMap]:
        """All items as DynamoDB sent them."""

    def without(self, left_out: Callable[[AttributeMap], bool]) -> ItemPage:
        """The page without the items that `left_out` answers with True.

        It is the page itself where there are none.
        """
        maps = self.attribute_maps()
        kept = [attribute_map for attribute_map in maps if not left_out(attribute_map)]
        return self if len(kept) == len(maps) else MapPage(kept)

    @abstractmethod
    def decode_into(self, made: list[Any], reader: ItemReader, start: int, stop: int) -> None:
        """Append the instances of the items from `start` up to, not including, `stop` to `made`.

        After an error `made` holds the instances of the items before the one that does not fit.

        Raises:
            ItemDecodeError: an item does not fit the model.
        """

    def decode_all(self, reader: ItemReader) -> list[Any]:
        """The instances of all items, in order. The page may be empty afterwards.

        Raises:
            ItemDecodeError: an item does not fit the model.
        """
        made: list[Any] = []
        self.decode_into(made, reader, 0, len(self))
        return made

    def decode_each(self, reader: ItemReader, errors: list[Exception]) -> list[Any]:
        """The instances of all items, in order, with None for each that does not fit the model.

        `errors` gets the `ItemDecodeError` of each of these, in order too.

        The page may be empty afterwards.
        """
        made: list[Any] = []
        total = len(self)
        while len(made) < total:
            try:
                self.decode_into(made, reader, len(made), total)
            except ItemDecodeError as error:
                errors.append(error)
                made.append(None)
        return made


class MapPage(ItemPage):
    """Items as JSON has them.

    Args:
        maps: the items. The list is the page's: `decode_all` and `decode_each` empty it, and `del`
            changes it.
    """

    __slots__ = ("maps",)

    def __init__(self, maps: list[AttributeMap]) -> None:
        self.maps = maps

    def __len__(self) -> int:
        return len(self.maps)

    def __delitem__(self, indexes: slice) -> None:
        del self.maps[indexes]

    def key(self, index: int, names: Iterable[str]) -> AttributeMap:
        attribute_map = self.maps[index]
        return {name: attribute_map[name] for name in names}

    def attribute_map(self, index: int) -> AttributeMap:
        return self.maps[index]

    def attribute_maps(self) -> list[AttributeMap]:
        return self.maps

    def decode_into(self, made: list[Any], reader: ItemReader, start: int, stop: int) -> None:
        decode, attribute_map = reader.decoder(), dict[str, Any]()
        try:
            for attribute_map in self.maps[start:stop]:
                made.append(decode(attribute_map))  # what was made before a failure counts
        except DecodeFailure as failure:
            raise reader.decode_error(failure, attribute_map) from failure

    def decode_all(self, reader: ItemReader) -> list[Any]:
        """The instances of all items, in order; the page is empty afterwards.

        Each map is let go as soon as its instance is made. So its memory serves the next instance,
        and the garbage collector, which counts what is made less what is let go, hardly ever runs.
        """
        decode, maps = reader.decoder(), self.maps
        maps.reverse()
        next_map = maps.pop
        attribute_map: AttributeMap = {}
        try:
            return [decode(attribute_map := next_map()) for _ in range(len(maps))]
        except DecodeFailure as failure:
            raise reader.decode_error(failure, attribute_map) from failure

    def decode_each(self, reader: ItemReader, errors: list[Exception]) -> list[Any]:
        """As `ItemPage.decode_each`; the page is empty afterwards, see `decode_all`."""
        decode, maps = reader.decoder(), self.maps
        made: list[Any] = []
        maps.reverse()
        next_map, add = maps.pop, made.append
        for _ in range(len(maps)):
            attribute_map = next_map()
            try:
                add(decode(attribute_map))
            except DecodeFailure as failure:
                error = reader.decode_error(failure, attribute_map)
                error.__cause__ = failure
                errors.append(error)
                add(None)
        return made


PageItems: TypeAlias = list[AttributeMap] | ItemPage
"""What an answer has under "Items", or for a table under "Responses"."""


def as_page(items: PageItems) -> ItemPage:
    """The page of an answer's items, which are a list where the answer was read as plain JSON."""
    return items if isinstance(items, ItemPage) else MapPage(items)
