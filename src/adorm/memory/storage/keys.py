"""Internal: keys of tables and indexes, their checks, and the order in which items lie.

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
"""Characters of text that have no more than `MAX_SORT_KEY_BYTES` whichever they are."""

Position = tuple[Any, ...]
"""Where an item lies: its partition's token, then the values of its key attributes in the key's
order.

Positions of one table or index can be compared, and their order is the order in which a scan meets
the items. The items of a partition lie side by side, ordered by sort key. For an index the values
of the table's key come last.
"""

TOKENS = 1 << 32
"""Tokens are whole numbers below this one; a segment of a scan is a range of them."""

SCHEMA_MISMATCH = "The provided key element does not match the schema"


class AfterAll:
    """Greater than every value: the end of a range of positions."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True


AFTER_ALL = AfterAll()


class KeySchema:
    """The key attributes of a table or an index.

    Args:
        partition: names of the partition key's attributes; one for a table, one to four for a
            global index.
        sort: names of the sort key's attributes, none to four.
        types: the type of each, "S", "N" or "B".
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
        """From the API's form, `[{"AttributeName": "pk", "KeyType": "HASH"}, ...]`."""
        return cls(
            [each["AttributeName"] for each in elements if each["KeyType"] == "HASH"],
            [each["AttributeName"] for each in elements if each["KeyType"] == "RANGE"],
            types,
        )

    def position(self, item: Mapping[str, Value]) -> Position:
        """Where an item whose key attributes were checked lies."""
        values = [sort_value(item[name]) for name in self.attributes]
        return (partition_token(values[: len(self.partition)]), *values)

    def holds(self, item: Mapping[str, Value]) -> bool:
        """Whether an item has every key attribute."""
        return all(name in item for name in self.attributes)

    def fits(self, item: Mapping[str, Value]) -> bool:
        """Whether an item has every key attribute, each of its type and not empty: only such items
        can lie in one order."""
        return all(
            name in item and item[name].get(type_tag) for name, type_tag in self.types.items()
        )

    def takes(self, item: Mapping[str, Value]) -> bool:
        """Whether an item can lie in an index with this key: it `fits`, and no key attribute is too
        large. An item that was stored before its index was made may not."""
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
        """The key attributes of an item, and nothing else."""
        return {name: item[name] for name in self.attributes}

    def check_key(self, key: Mapping[str, Value]) -> None:
        """Refuse a key that is not exactly this schema's: the `Key` of a get, an update or a
        delete.

        Raises:
            EngineError: attributes are missing or too many, of another type, empty or too large.
        """
        if len(key) != len(self.attributes):
            raise invalid(SCHEMA_MISMATCH)
        for name, type_tag in self.types.items():
            if name not in key or type_tag not in key[name]:
                raise invalid(SCHEMA_MISMATCH)
            self._check_content(name, type_tag, key[name][type_tag])

    def check_item(self, item: Mapping[str, Value], *, in_batch: bool = False) -> None:
        """Refuse an item whose key attributes are missing or are not what this schema asks for.

        Args:
            item: what is to be stored.
            in_batch: BatchWriteItem has shorter words for a wrong type.

        Raises:
            EngineError: as `check_key`; further attributes are allowed.
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
    """What the service answers to a key attribute that is empty; `type_tag` is "S" or "B"."""
    return EmptyKeyValue(
        "One or more parameter values are not valid. The AttributeValue for a key attribute"
        f" cannot contain an empty {_TYPE_NAMES[type_tag]} value. Key: {name}"
    )


def check_key_bytes(size: int, *, is_sort: bool) -> None:
    """Refuse a key attribute of more than 2,048 bytes, or 1,024 in a sort key.

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
    """Why an item can't be held by an index, or None. An absent attribute is no reason: indexes are
    sparse."""
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
    """Where the service puts a partition: a number below `TOKENS`, made of the partition key.

    A scan reads partitions in the order of their tokens, and a segment is a range of them. The
    hash is MD5 over a fixed word and the key's bytes, as others found out
    (https://github.com/architect/dynalite).
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
    """A number as bytes that sort as numbers do: an exponent of 100, then digits by two.

    Negative numbers are complemented. If they are short, they end with a byte above every digit.
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
    """The positions between which a segment of a parallel scan lies: the first belongs to it, the
    second does not."""
    first = -(-segment * TOKENS // total_segments)
    end = -(-(segment + 1) * TOKENS // total_segments)
    return (first,), (end,)


def after_prefix(prefix: str | bytes) -> str | bytes | AfterAll:
    """The smallest value greater than every value that begins with `prefix`."""
    if isinstance(prefix, bytes):
        head = prefix.rstrip(b"\xff")
        return head[:-1] + bytes([head[-1] + 1]) if head else AFTER_ALL
    text = prefix.rstrip("\U0010ffff")
    if not text:
        return AFTER_ALL
    following = ord(text[-1]) + 1
    # U+D800 to U+DFFF are no characters.
    return text[:-1] + chr(0xE000 if following == 0xD800 else following)
