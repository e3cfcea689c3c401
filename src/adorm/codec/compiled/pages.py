"""`PageParser`: items straight from the bytes of an answer, without the dicts of its JSON.

msgspec fills a struct for each item (`adorm.codec.compiled.page_structs`), and a generated function
makes the instance of a struct. That takes less than half of the time of the way over dicts, and
leaves the garbage collector nothing to visit.

The generated code takes the common case only. What it does not take raises, and the item is read
again from the same bytes over dicts, which can read every form, or tells what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

import orjson

from adorm.codec.coders.coder import BUILDING
from adorm.codec.compiled.items import StructCoder
from adorm.codec.compiled.keys import struct_check
from adorm.codec.failures import DecodeFailure
from adorm.codec.pages import ItemPage, ItemReader
from adorm.dynamodb.values import AttributeMap

if TYPE_CHECKING:
    from msgspec.json import Decoder

WORTHWHILE_BYTES = 512 * 1024
"""Bytes of a model's JSON after which its answers are parsed here.

To import msgspec and to make the structs takes 5 ms, nearly as much time as would have been saved
by then. A process that reads less, as in most cold starts, never pays for it.
"""
MOST_MISSES = 3
"""After so many answers in a row that did not fit, only every sixteenth is tried."""
RETRY_EVERY = 16

BESIDE_ITEMS = ("Count", "ScannedCount", "LastEvaluatedKey", "ConsumedCapacity")
"""The members of an answer of Query or Scan beside "Items"."""
BESIDE_RESPONSES = ("UnprocessedKeys", "ConsumedCapacity")
"""The members of an answer of BatchGetItem beside "Responses"."""


class PageParser:
    """Parses the answers of Query, Scan and BatchGetItem that hold items of one class.

    It may be used in several threads: the worst that can happen is that an answer is read as plain
    JSON.
    """

    def __init__(self, coder: StructCoder) -> None:
        self._coder = coder
        self._seen_bytes = 0
        self._misses = 0
        self._refused = False
        """Whether msgspec can't make structs for the class."""
        self._unset: Any = None
        self._decoders: tuple[Decoder[Any], Decoder[Any]] | None = None
        """For Query and Scan, and for BatchGetItem."""
        self.make: Callable[[Any], Any] = coder.decode_map
        """Makes the instance of an item's struct. It raises whatever it likes where the item has to
        be read over dicts."""
        self.slots: dict[str, str] = {}
        """The name of each attribute's field in an item's struct: `{"pk": "f0"}`."""

    def parse(self, body: bytes) -> dict[str, Any] | None:
        """An answer of Query or Scan with a `ParsedPage` as its "Items".

        It is None where the body has to be read as plain JSON.
        """
        page = self._decoded(body, 0)
        if page is None:
            return None
        answer = self._members(page, BESIDE_ITEMS)
        if page.Items is not self._unset:
            answer["Items"] = ParsedPage(self, page.Items, body, ("Items",))
        return answer

    def parse_batch(self, body: bytes) -> dict[str, Any] | None:
        """An answer of BatchGetItem with a `ParsedPage` for each table in its "Responses".

        It is None as for `parse`.
        """
        batch = self._decoded(body, 1)
        if batch is None:
            return None
        answer = self._members(batch, BESIDE_RESPONSES)
        if batch.Responses is not self._unset:
            answer["Responses"] = {
                table: ParsedPage(self, structs, body, ("Responses", table))
                for table, structs in batch.Responses.items()
            }
        return answer

    def _members(self, answer: Any, names: tuple[str, ...]) -> dict[str, Any]:
        """What an answer has beside its items."""
        unset = self._unset
        return {name: value for name in names if (value := getattr(answer, name)) is not unset}

    def _decoded(self, body: bytes, which: int) -> Any:
        decoders = self._decoders
        if decoders is None:
            self._seen_bytes += len(body)
            if self._seen_bytes < WORTHWHILE_BYTES:
                return None
            decoders = self._make_decoders()
            if decoders is None:
                return None
        if self._misses >= MOST_MISSES:
            self._misses += 1
            if self._misses % RETRY_EVERY:
                return None
        try:
            answer = decoders[which].decode(body)
            if not body.isascii():
                body.decode()  # msgspec does not check the UTF-8 of members that it passes over
        except Exception:  # noqa: BLE001  # whatever it is, reading the body as plain JSON tells it
            self._misses += 1
            return None
        self._misses = 0
        return answer

    def _make_decoders(self) -> tuple[Decoder[Any], Decoder[Any]] | None:
        from adorm.codec.compiled.page_structs import UNSET, page_types, slots_of  # imports msgspec

        with BUILDING:
            if self._decoders is None and not self._refused:
                slots = slots_of(self._coder)
                check = struct_check(self._coder, UNSET, json_value, slots)
                try:
                    decoders, make = page_types(self._coder, BESIDE_ITEMS, BESIDE_RESPONSES, check)
                except (TypeError, ValueError):  # msgspec takes no attribute name with quotes in it
                    self._refused = True
                else:
                    self._unset = UNSET
                    self.slots = slots
                    self.make = self._coder.with_after_load(make)
                    self._decoders = decoders
            return self._decoders


class ParsedPage(ItemPage):
    """The items of an answer as structs.

    Args:
        parser: what has parsed them.
        structs: the items.
        body: the answer's JSON.
        path: the names that lead to the items in it: `("Items",)`.
    """

    __slots__ = ("_body", "_maps", "_path", "parser", "structs")

    def __init__(
        self, parser: PageParser, structs: list[Any], body: bytes, path: tuple[str, ...]
    ) -> None:
        self.parser = parser
        self.structs = structs
        self._body = body
        self._path = path
        self._maps: list[AttributeMap] | None = None

    def __len__(self) -> int:
        return len(self.structs)

    def __delitem__(self, indexes: slice) -> None:
        del self.structs[indexes]

    def key(self, index: int, names: Iterable[str]) -> AttributeMap:
        struct, slots = self.structs[index], self.parser.slots
        return {name: json_value(getattr(struct, slots[name]), name) for name in names}

    def attribute_map(self, index: int) -> AttributeMap:
        return self._read_maps()[index]

    def attribute_maps(self) -> list[AttributeMap]:
        return self._read_maps()[: len(self.structs)]

    def decode_into(self, made: list[Any], reader: ItemReader, start: int, stop: int) -> None:
        structs, make, before = self.structs, self.parser.make, start - len(made)
        if self.parser is not reader.page_parser():
            make = _parsed_for_other_hooks
        while (index := before + len(made)) < stop:
            try:
                for struct in structs[index:stop]:
                    # what was made before a failure counts
                    made.append(make(struct))  # noqa: PERF401
            # the careful way below reads the item, or tells why not
            except Exception:  # noqa: BLE001
                attribute_map = self.attribute_map(before + len(made))
                try:
                    made.append(reader.decoder()(attribute_map))
                except DecodeFailure as failure:
                    raise reader.decode_error(failure, attribute_map) from failure

    def _read_maps(self) -> list[AttributeMap]:
        """The items as plain JSON; those that `del` has left out are still at the end."""
        if self._maps is None:
            content: Any = orjson.loads(self._body)
            for name in self._path:
                content = content[name]
            self._maps = cast("list[AttributeMap]", content)
        return self._maps


def json_value(value: Any, name: str) -> Any:
    """The attribute value that a field of a struct was in JSON.

    Raises:
        KeyError: the attribute was absent; the error's argument is its name.
    """
    import msgspec

    if value is msgspec.UNSET:
        raise KeyError(name)
    if isinstance(value, msgspec.Raw):
        return orjson.loads(memoryview(value))
    return msgspec.to_builtins(value)


def _parsed_for_other_hooks(struct: Any) -> Any:
    raise TypeError(f"{type(struct).__name__} was parsed before other hooks were registered")
