"""Places: where items are, so that what DynamoDB answers is told which key it is about, in whatever
way that was written.

What a batch does for every key is a loop that is generated for a model: 1,000 keys are checked,
encoded and put in their places in 0.5 ms, which takes 0.6 with a function called for each, and 4
with the careful encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from adorm.codec.codec import Codec
from adorm.codec.compiled.writer import FunctionWriter
from adorm.dynamodb.values import AttributeMap, base64_text
from adorm.items.keys import write_common_key
from adorm.models import ModelInfo
from adorm.schema.fields import Field

if TYPE_CHECKING:
    from adorm.codec.compiled.pages import ParsedPage

ItemId: TypeAlias = tuple[Hashable, ...]
"""A table's name, and what is equal for two keys of one item in it."""

EncodeKeys: TypeAlias = Callable[
    [str, list[Any], list[ItemId], dict[ItemId, AttributeMap], Callable[[Any], AttributeMap]], None
]
"""Takes a table's name and keys of it, each a `Key` or its values; adds to their places, and to the
maps at them. The last one is asked for the map of a key that is of no common kind, or wrong."""


class ItemIds(NamedTuple):
    """Where items of a model are, given their maps or only their keys, and the name of their
    table."""

    one: Callable[[str, AttributeMap], ItemId]
    all: Callable[[str, Iterable[AttributeMap]], list[ItemId]]
    parsed: Callable[[str, ParsedPage], list[ItemId]]


def item_ids(info: ModelInfo, codec: Codec) -> ItemIds:
    """Made once for a model and a codec's hooks."""
    memo, name = codec.memo, (item_ids, info)
    known: ItemIds | None = memo.get(name)
    if known is None:
        one = _locate_one(info, codec)
        known = memo[name] = ItemIds(
            one, _locate_all(info, codec), _locate_parsed(info, codec, one)
        )
    return known


def _locate_one(info: ModelInfo, codec: Codec) -> Callable[[str, AttributeMap], ItemId]:
    """As this one, of text and a number:

    def locate(table, item):
        try:
            return (table, item["pk"]["S"], Decimal(item["sk"]["N"]))
        except Exception:
            return look_closer(table, item)
    """
    source, names = FunctionWriter("locate", "table, item"), info.key_order
    source.line("try:", 1)
    source.line(f"return {_place_in(source, info, codec)}", 2)
    source.line("except Exception:", 1)
    source.line(f"return {source.name('item_id_of', item_id_of)}(table, item, {names!r})", 2)
    locate: Any = source.function(f"locate {info.name}")
    one: Callable[[str, AttributeMap], ItemId] = locate
    return one


def _locate_all(
    info: ModelInfo, codec: Codec
) -> Callable[[str, Iterable[AttributeMap]], list[ItemId]]:
    source, names = FunctionWriter("locate_all", "table, items"), info.key_order
    source.line("try:", 1)
    source.line(f"return [{_place_in(source, info, codec)} for item in items]", 2)
    source.line("except Exception:", 1)
    source.line(
        f"return [{source.name('item_id_of', item_id_of)}(table, item, {names!r}) for item in items]",
        2,
    )
    locate: Any = source.function(f"locate each {info.name}")
    every: Callable[[str, Iterable[AttributeMap]], list[ItemId]] = locate
    return every


def _locate_parsed(
    info: ModelInfo, codec: Codec, one: Callable[[str, AttributeMap], ItemId]
) -> Callable[[str, ParsedPage], list[ItemId]]:
    tags = [_only_tag(codec, field) for field in info.key_fields]
    names = info.key_order
    quick: Callable[[str, list[Any]], list[ItemId]] | None = None

    def make(slots: Mapping[str, str]) -> Callable[[str, list[Any]], list[ItemId]]:
        """As this one, of text and a number:

        def locate_structs(table, items):
            return [(table, item.f0.S, Decimal(item.f1.N)) for item in items]
        """
        source = FunctionWriter("locate_structs", "table, items")
        payloads = [
            (tag, f"item.{slots[name]}.{tag}") for tag, name in zip(tags, names, strict=True)
        ]
        parts = [
            _part(source, tag, payload) or payload for tag, payload in payloads
        ]  # bytes are base64 text in JSON
        source.line(f"return [({', '.join(['table', *parts])}) for item in items]", 1)
        function: Any = source.function(f"locate each parsed {info.name}")
        structs: Callable[[str, list[Any]], list[ItemId]] = function
        return structs

    def locate_parsed(table: str, items: ParsedPage) -> list[ItemId]:
        nonlocal quick
        if all(tags):
            quick = quick or make(items.parser.slots)
            try:
                return quick(table, items.structs)
            except Exception:  # noqa: BLE001, S110  # of a form that is rare
                pass
        return [one(table, items.key(place, names)) for place in range(len(items))]

    return locate_parsed


def _only_tag(codec: Codec, field: Field) -> str:
    """The tag that a field always has, or nothing."""
    tags = codec.field_plan(field).coder.tags or ()
    return next(iter(tags)) if len(tags) == 1 else ""


def _place_in(source: FunctionWriter, info: ModelInfo, codec: Codec) -> str:
    parts = ["table"]
    for field in info.key_fields:
        tag, value = _only_tag(codec, field), f"item[{field.attribute_name!r}]"
        parts.append(
            _part(source, tag, f'{value}["{tag}"]')
            or f"{source.name('part_of', _part_of)}({value})"
        )
    return f"({', '.join(parts)})"


def _part(source: FunctionWriter, tag: str, payload: str) -> str | None:
    """An expression for a place's part; None where it has to be looked at."""
    if tag == "N":
        return f"{source.name('Decimal', Decimal)}({payload})"
    return payload if tag == "S" else None


def item_id_of(table: str, attribute_map: AttributeMap, key_names: tuple[str, ...]) -> ItemId:
    """Where the item of this map is, given its key or more."""
    return table, *(_part_of(attribute_map[name]) for name in key_names)


def _part_of(attribute_value: dict[str, Any]) -> Hashable:
    tag, content = next(iter(attribute_value.items()))
    if tag == "N":
        return Decimal(content)
    if tag == "B":
        return base64_text(content)
    part: Hashable = content
    return part


def encode_keys(info: ModelInfo, codec: Codec) -> EncodeKeys:
    """Made once for a model and a codec's hooks."""
    memo, name = codec.memo, (encode_keys, info)
    known: EncodeKeys | None = memo.get(name)
    if known is None:
        known = memo[name] = _make_taker(info, codec)
    return known


def _make_taker(info: ModelInfo, codec: Codec) -> EncodeKeys:
    """As this one, of one text:

    def take_in(table, keys, places, maps, look_closer):
        add = places.append
        for key in keys:
            values = key if key.__class__ is tuple else key.values
            try:
                v0, = values
                if v0.__class__ is str and v0 and len(v0) <= 512:
                    place = (table, v0)
                    maps[place] = {"pk": {"S": v0}}
                    add(place)
                    continue
            except Exception:
                pass
            content = look_closer(key)
            place = locate(table, content)
            maps[place] = content
            add(place)
    """
    source = FunctionWriter("take_in", "table, keys, places, maps, look_closer")
    source.line("add = places.append", 1)
    source.line("for key in keys:", 1)
    source.line("values = key if key.__class__ is tuple else key.values", 2)
    source.line("try:", 2)
    common = write_common_key(source, info, codec, 3)
    if common is None:
        source.line("pass", 3)
    else:
        content, payloads = common
        parts = [
            _part(source, tag, payload)
            or f"{source.name('part_of', _part_of)}({{{tag!r}: {payload}}})"
            for tag, payload in payloads
        ]
        source.line(f"place = ({', '.join(['table', *parts])})", 4)
        source.line(f"maps[place] = {content}", 4)
        source.line("add(place)", 4)
        source.line("continue", 4)
    source.line("except Exception:", 2)
    source.line("pass", 3)
    source.line("content = look_closer(key)", 2)
    source.line(f"place = {source.name('locate', item_ids(info, codec).one)}(table, content)", 2)
    source.line("maps[place] = content", 2)
    source.line("add(place)", 2)
    function: Any = source.function(f"take in keys of {info.name}")
    take_in: EncodeKeys = function
    return take_in
