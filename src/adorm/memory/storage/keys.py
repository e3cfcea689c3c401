"""Internal: keys of tables and indexes: their checks and the order of items.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import md5
from typing import Any

from adorm.memory.errors import EmptyKeyValue, EngineError, invalid, invalid_value
from adorm.memory.limits import MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES
from adorm.memory.values.canonical import Item, Value, sort_value, type_of
from adorm.memory.values.numbers import WIDE
from adorm.memory.values.sizes import binary_bytes, text_bytes

SURELY_FITS = 256
"""Text of at most this many characters never has more than `MAX_SORT_KEY_BYTES`."""

Position = tuple[Any, ...]
"""The position of an item: the token of its partition, then the values of its key attributes in the
order of the key.

Positions of one table or index can be compared. Their order is the order in which a scan returns
the items. The items of a partition lie side by side, ordered by sort key. In an index the values of
the table's key come last."""

TOKENS = 1 << 32
"""The number of tokens. A token is a whole number below it; a segment of a scan is a range of
tokens."""

SCHEMA_MISMATCH = "The provided key element does not match the schema"


class AfterAll:
    """A value that is greater than every other one: the end of a range of positions."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True


AFTER_ALL = AfterAll()


class KeySchema:
    """The key attributes of a table or an index.

    Args:
        partition: the names of the partition key attributes: one for a table, one to four for a
            global index.
        sort: the names of the sort key attributes: none to four.
        types: the type of each attribute: "S", "N" or "B".
    """

    __slots__ = ("attributes", "partition", "sort", "types")

    def __init__(
        self, partition: Sequence[str], sort: Sequence[str], types: Mapping[str, str]
    ) -> None:
        self.partition = tuple(partition)
        self.sort = tuple(sort)
        self.attributes = (*self.partition, *self.sort)
        self.types = {name: types[name] for name in self.attributes}

    @classmethod
    def of(cls, elements: Sequence[Mapping[str, str]], types: Mapping[str, str]) -> KeySchema:
        """Make a schema from the API's form, `[{"AttributeName": "pk", "KeyType": "HASH"}]`."""
        return cls(
            [each["AttributeName"] for each in elements if each["KeyType"] == "HASH"],
            [each["AttributeName"] for each in elements if each["KeyType"] == "RANGE"],
            types,
        )

    def position(self, item: Mapping[str, Value]) -> Position:
        """The position of an item whose key attributes were checked."""
        values = [sort_value(item[name]) for name in self.attributes]
        return (partition_token(values[: len(self.partition)]), *values)

    def holds(self, item: Mapping[str, Value]) -> bool:
        """Whether an item has every key attribute."""
        return all(name in item for name in self.attributes)

    def fits(self, item: Mapping[str, Value]) -> bool:
        """Whether an item has every key attribute, each of its type and not empty.

        Only such items can lie in one order.
        """
        return all(
            name in item and item[name].get(type_tag) for name, type_tag in self.types.items()
        )

    def takes(self, item: Mapping[str, Value]) -> bool:
        """Whether an index can hold an item: it `fits`, and no key attribute is too large."""
        for name, type_tag in self.types.items():
            value = item.get(name)
            content = None if value is None else value.get(type_tag)
            if not content:
                return False
            if len(content) > SURELY_FITS and type_tag != "N":
                size = text_bytes(content) if type_tag == "S" else binary_bytes(content)
                if size > (MAX_SORT_KEY_BYTES if name in self.sort else MAX_PARTITION_KEY_BYTES):
                    return False
        return True

    def key_of(self, item: Mapping[str, Value]) -> Item:
        """The key attributes of an item, without its other attributes."""
        return {name: item[name] for name in self.attributes}

    def check_key(self, key: Mapping[str, Value]) -> None:
        """Refuse a `Key` that does not match this schema exactly.

        Raises:
            EngineError: an attribute is missing, unknown, of another type, empty or too large.
        """
        if len(key) != len(self.attributes):
            raise invalid(SCHEMA_MISMATCH)
        for name, type_tag in self.types.items():
            if name not in key or type_tag not in key[name]:
                raise invalid(SCHEMA_MISMATCH)
            self._check_content(name, type_tag, key[name][type_tag])

    def check_item(self, item: Mapping[str, Value], *, in_batch: bool = False) -> None:
        """Refuse an item that lacks a key attribute, or has one of the wrong type.

        Args:
            item: the item to store.
            in_batch: whether BatchWriteItem writes, whose message about a wrong type is shorter.

        Raises:
            EngineError: a key attribute is missing, of another type, empty or too large.
        """
        for name, type_tag in self.types.items():
            if name not in item:
                raise invalid_value(f"Missing the key {name} in the item")
            value = item[name]
            if type_tag not in value:
                if in_batch:
                    raise invalid(SCHEMA_MISMATCH)
                raise invalid_value(
                    f"Type mismatch for key {name} expected: {type_tag} actual: {type_of(value)}"
                )
            self._check_content(name, type_tag, value[type_tag])

    def _check_content(self, name: str, type_tag: str, content: str) -> None:
        if type_tag == "N":
            return
        if not content:
            raise empty_key_value(name, type_tag)
        size = text_bytes(content) if type_tag == "S" else binary_bytes(content)
        if size > MAX_SORT_KEY_BYTES:
            check_key_bytes(size, is_sort=name in self.sort)


_TYPE_NAMES = {"S": "string", "B": "binary"}


def empty_key_value(name: str, type_tag: str) -> EmptyKeyValue:
    """The refusal of an empty key attribute; `type_tag` is "S" or "B"."""
    return EmptyKeyValue(
        "One or more parameter values are not valid. The AttributeValue for a key attribute"
        f" cannot contain an empty {_TYPE_NAMES[type_tag]} value. Key: {name}"
    )


def check_key_bytes(size: int, *, is_sort: bool) -> None:
    """Refuse a key attribute that is too large: over 2,048 bytes, or over 1,024 in a sort key.

    Raises:
        EngineError: the key attribute is too large.
    """
    if is_sort and size > MAX_SORT_KEY_BYTES:
        raise invalid_value(
            "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
        )
    if size > MAX_PARTITION_KEY_BYTES:
        raise invalid_value("Size of hashkey has exceeded the maximum size limit of2048 bytes")


def index_key_violation(
    index_name: str, schema: KeySchema, item: Mapping[str, Value], *, in_update: bool
) -> EngineError | None:
    """The reason why an index can't hold an item; None if it can.

    A missing attribute is no reason, because indexes are sparse.
    """
    for name, type_tag in schema.types.items():
        value = item.get(name)
        if value is None:
            continue
        if type_tag not in value:
            return invalid_value(
                f"Type mismatch for Index Key {name} Expected: {type_tag} Actual: {type_of(value)}"
                f" IndexName: {index_name}"
            )
        content = value[type_tag]
        if not content and type_tag in _TYPE_NAMES:
            return _empty_index_key(index_name, name, _TYPE_NAMES[type_tag], in_update=in_update)
        if type_tag != "N":
            size = text_bytes(content) if type_tag == "S" else binary_bytes(content)
            try:
                check_key_bytes(size, is_sort=name in schema.sort)
            except EngineError as error:
                return error
    return None


def _empty_index_key(index_name: str, name: str, type_name: str, *, in_update: bool) -> EngineError:
    if in_update:
        return EmptyKeyValue(
            "One or more parameter values are not valid. The update expression attempted to update"
            " a secondary index key to a value that is not supported. The AttributeValue for a key"
            f" attribute cannot contain an empty {type_name} value."
        )
    return EmptyKeyValue(
        "One or more parameter values are not valid. A value specified for a secondary index key"
        " is not supported. The AttributeValue for a key attribute cannot contain an empty"
        f" {type_name} value. IndexName: {index_name}, IndexKey: {name}"
    )


def partition_token(values: Sequence[str | Decimal | bytes | None]) -> int:
    """The token of a partition key: a whole number below `TOKENS`.

    A scan reads partitions in the order of their tokens, and a segment is a range of tokens. The
    token is an MD5 hash of a fixed word and the bytes of the key, as
    https://github.com/architect/dynalite found out.
    """
    hashed = md5(b"Outliers", usedforsecurity=False)
    for value in values:
        if isinstance(value, str):
            hashed.update(value.encode())
        elif isinstance(value, bytes):
            hashed.update(value)
        else:
            hashed.update(ordered_bytes(value or Decimal(0)))
    return int.from_bytes(hashed.digest()[:4])


def ordered_bytes(number: Decimal) -> bytes:
    """A number as bytes that sort in the order of the numbers.

    The bytes are an exponent of 100, then two digits a byte. For a negative number they are
    complemented; a short one ends with a byte above every digit.
    """
    if not number:
        return b"\x80"
    sign, digits, exponent = number.normalize(WIDE).as_tuple()
    point = len(digits) + int(exponent)
    padded = [0, *digits] if point % 2 else list(digits)
    if len(padded) % 2:
        padded.append(0)
    head = (point + 1) // 2 + 0xC0
    pairs = [10 * padded[at] + padded[at + 1] for at in range(0, len(padded), 2)]
    if not sign:
        return bytes([head, *(pair + 1 for pair in pairs)])
    end = [102] if len(pairs) < 20 else []
    return bytes([head ^ 0xFF, *(101 - pair for pair in pairs), *end])


def segment_range(segment: int, total_segments: int) -> tuple[Position, Position]:
    """The first position of a segment of a parallel scan, and the first position behind it."""
    first = -(-segment * TOKENS // total_segments)
    end = -(-(segment + 1) * TOKENS // total_segments)
    return (first,), (end,)


def after_prefix(prefix: str | bytes) -> str | bytes | AfterAll:
    """The smallest value that is greater than every value that begins with `prefix`."""
    if isinstance(prefix, bytes):
        head = prefix.rstrip(b"\xff")
        return head[:-1] + bytes([head[-1] + 1]) if head else AFTER_ALL
    text = prefix.rstrip("\U0010ffff")
    if not text:
        return AFTER_ALL
    following = ord(text[-1]) + 1
    # U+D800 to U+DFFF are not characters.
    return text[:-1] + chr(0xE000 if following == 0xD800 else following)
