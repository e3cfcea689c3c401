"""Functions that are generated for a model's keys: from keys and items to item ids.

An item id is a hashable tuple: the table's name, and for each key attribute something that is equal
for equal keys, however they are written (`{"N": "1"}` and `{"N": "1.0"}`, bytes and their base64
text).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from adorm.codec.absence import FieldPlan
from adorm.codec.compiled.key_encoders import attribute_map_of, write_test
from adorm.codec.compiled.writer import FunctionWriter
from adorm.dynamodb.values import AttributeMap, base64_text
from adorm.schema.item_keys import ItemKey

if TYPE_CHECKING:
    from adorm.codec.compiled.pages import ParsedPage

_Id: TypeAlias = tuple[Hashable, ...]


KeysEncoder: TypeAlias = Callable[
    [str, list[Any], list[_Id], dict[_Id, AttributeMap], Callable[[Any], AttributeMap]], None
]
"""Called with a table's name, keys (each a `Key` or a tuple of values), a list that gets the item
id of each, a dict that gets its attribute map by that id, and a function that gives the attribute
map of a key that needs a closer look."""


def item_id_of(table: str, attribute_map: AttributeMap, key_names: Iterable[str]) -> _Id:
    """The id of an item, given its key or the whole item. Works for any key, slowly."""
    return table, *(_id_part_of(attribute_map[name]) for name in key_names)


def make_item_id_of(name: str, plans: Sequence[FieldPlan]) -> Callable[[str, AttributeMap], _Id]:
    """Generate the function, for instance of text and a number:

    def item_id(table, item):
        try:
            return (table, item["pk"]["S"], Decimal(item["sk"]["N"]))
        except Exception:
            return item_id_of(table, item, ("pk", "sk"))

    Args:
        name: the model's.
        plans: of its partition key, and of its sort key if there is one.
    """
    return _generate("item_id", "item", name, plans, "{}")


def make_item_ids_of(
    name: str, plans: Sequence[FieldPlan]
) -> Callable[[str, Iterable[AttributeMap]], list[_Id]]:
    """Generate the same for many items: `item_ids(table, items)`."""
    return _generate("item_ids", "items", name, plans, "[{} for item in items]")


def _generate(
    function_name: str, parameter: str, name: str, plans: Sequence[FieldPlan], form: str
) -> Callable[..., Any]:
    writer = FunctionWriter(function_name, f"table, {parameter}")
    parts = ["table"]
    for plan in plans:
        tag, value = _only_tag(plan), f"item[{plan.field.attribute_name!r}]"
        payload = f"{value}[{tag!r}]"
        parts.append(
            id_part(writer, tag, payload)
            if tag in ("S", "N")
            else f"{writer.name('id_part_of', _id_part_of)}({value})"
        )
    names = tuple(plan.field.attribute_name for plan in plans)
    slow = f"{writer.name('item_id_of', item_id_of)}(table, item, {names!r})"
    quick = f"({', '.join(parts)})"
    writer.line("try:", 1)
    writer.line(f"return {form.format(quick)}", 2)
    writer.line("except Exception:", 1)
    writer.line(f"return {form.format(slow)}", 2)
    return writer.function(f"{function_name} of {name}")


def make_item_ids_of_page(
    name: str, plans: Sequence[FieldPlan], item_id: Callable[[str, AttributeMap], _Id]
) -> Callable[[str, ParsedPage], list[_Id]]:
    """The same for the items of a `ParsedPage`, whose structs are read without attribute maps.

    The code depends on the parser of the first page: it is generated then.

    Args:
        item_id: as `make_item_id_of` gives it.
    """
    names = tuple(plan.field.attribute_name for plan in plans)
    quick: Callable[[str, list[Any]], list[_Id]] | None = None

    def item_ids(table: str, page: ParsedPage) -> list[_Id]:
        nonlocal quick
        if all(map(_only_tag, plans)):
            quick = quick or _make_struct_item_ids(name, plans, page.parser.slots)
            try:
                return quick(table, page.structs)
            except Exception:  # noqa: BLE001, S110  # a form of a key that is rare
                pass
        return [item_id(table, page.key(index, names)) for index in range(len(page))]

    return item_ids


def _make_struct_item_ids(
    name: str, plans: Sequence[FieldPlan], slots: Mapping[str, str]
) -> Callable[[str, list[Any]], list[_Id]]:
    """Generate the function, for instance of text and a number:

    def item_ids(table, structs):
        return [(table, item.f0.S, Decimal(item.f1.N)) for item in structs]

    Args:
        slots: the names of a struct's attributes, by attribute name.
    """
    writer = FunctionWriter("item_ids", "table, structs")
    parts = ["table"]
    for plan in plans:
        tag = _only_tag(plan)
        payload = f"item.{slots[plan.field.attribute_name]}.{tag}"
        # bytes are base64 text in JSON already
        parts.append(payload if tag == "B" else id_part(writer, tag, payload))
    writer.line(f"return [({', '.join(parts)}) for item in structs]", 1)
    return writer.function(f"item_ids of parsed {name}")


def make_keys_encoder(
    name: str,
    plans: Sequence[FieldPlan],
    part_plans: Sequence[FieldPlan],
    key: ItemKey | None = None,
) -> KeysEncoder:
    """Generate the function, for instance of one text:

    def encode_keys(table, keys, item_ids, maps, encode_any):
        add = item_ids.append
        for key in keys:
            values = key if key.__class__ is tuple else key.values
            try:
                v0, = values
                if v0.__class__ is str and v0 and len(v0) <= 512:
                    item_id = (table, v0)
                    maps[item_id] = {"pk": {"S": v0}}
                    add(item_id)
                    continue
            except Exception:
                pass
            attribute_map = encode_any(key)
            item_id = item_id_of(table, attribute_map)
            maps[item_id] = attribute_map
            add(item_id)

    1,000 keys take 0.5 ms in this loop, 0.6 with a function called for each, and 4 with care.

    Args:
        plans: of the key's attributes.
        part_plans: of the values of a key, in order.
        key: how the attributes are made of these values; None where each is one of them.
    """
    writer = FunctionWriter("encode_keys", "table, keys, item_ids, maps, encode_any")
    writer.line("add = item_ids.append", 1)
    writer.line("for key in keys:", 1)
    writer.line("values = key if key.__class__ is tuple else key.values", 2)
    writer.line("try:", 2)
    parts = write_test(writer, part_plans, 3, key)
    if parts is None:
        writer.line("pass", 3)
    else:
        ids = [id_part(writer, part.tag, part.payload) for part in parts]
        writer.line(f"item_id = ({', '.join(['table', *ids])})", 4)
        writer.line(f"maps[item_id] = {attribute_map_of(parts)}", 4)
        writer.line("add(item_id)", 4)
        writer.line("continue", 4)
    writer.line("except Exception:", 2)
    writer.line("pass", 3)
    item_id_of = writer.name("item_id_of", make_item_id_of(name, plans))
    writer.line("attribute_map = encode_any(key)", 2)
    writer.line(f"item_id = {item_id_of}(table, attribute_map)", 2)
    writer.line("maps[item_id] = attribute_map", 2)
    writer.line("add(item_id)", 2)
    return writer.function(f"encode keys of {name}")


def id_part(writer: FunctionWriter, tag: str, payload: str) -> str:
    """An expression for one key attribute's part of an item id."""
    if tag == "N":
        return f"{writer.name('Decimal', Decimal)}({payload})"
    if tag == "S":
        return payload
    return f"{writer.name('id_part_of', _id_part_of)}({{{tag!r}: {payload}}})"


def _id_part_of(attribute_value: dict[str, Any]) -> Hashable:
    tag, content = next(iter(attribute_value.items()))
    if tag == "N":
        return Decimal(content)
    if tag == "B":
        return base64_text(content)
    part: Hashable = content
    return part


def _only_tag(plan: FieldPlan) -> str:
    """The tag that values of a field always have; empty where there are several."""
    tags = plan.coder.tags or ()
    return next(iter(tags)) if len(tags) == 1 else ""
