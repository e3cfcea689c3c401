"""`page_types`: the types that msgspec fills with the items of an answer.

The struct of an item has a field for each field of its class, `f0`, `f1`, ..., and its values are
structs with a field for a tag: `item.f0.S`. A generated function makes the instance of a struct:

    def make(content):
        f0 = content.f0.S
        item = content.f1
        f1 = default_1 if item is UNSET else Decimal(item.N)
        made = new(cls)
        init(made, pk=f0, total=f1)
        return made
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec  # 5 ms: only `PageParser` imports this module, when it is worth while
import orjson
from msgspec.json import Decoder

from adorm.codec.absence import FieldPlan
from adorm.codec.coders.coder import Coder
from adorm.codec.coders.containers import ListCoder, MapCoder
from adorm.codec.coders.scalar import ScalarCoder
from adorm.codec.coders.sets import SetCoder
from adorm.codec.compiled.items import StructCoder, stands_apart
from adorm.codec.compiled.writer import FunctionWriter, WriteLines
from adorm.schema.fields import NOT_REQUIRED, Field
from adorm.schema.types import scalar_tag, split_optional

UNSET = msgspec.UNSET
"""Stands for an absent attribute."""

_LIST: Any = list
_DICT: Any = dict
"""Typed as Any: type checkers should not look into types that are made at run time."""

_CHECKED_TEXT = '{p} + ""'
"""In the sources of coders, it refuses what is no text; msgspec has checked that already."""

Null = Literal["none", "first", "last"]
"""Whether `{"NULL": true}` may be there instead of a value: never; looked for before the type's own
tag; looked for where that tag is absent."""


def page_types(
    coder: StructCoder,
    beside_items: tuple[str, ...],
    beside_responses: tuple[str, ...],
    check: WriteLines | None,
) -> tuple[tuple[Decoder[Any], Decoder[Any]], Callable[[Any], Any]]:
    """The decoders of answers whose items are of one class, and the function that makes instances.

    Args:
        beside_items: the other members of an answer of Query or Scan.
        beside_responses: the other members of an answer of BatchGetItem.
        check: writes lines that look at the instance `made` and the struct `content`.

    Raises:
        TypeError, ValueError: msgspec does not take an attribute's name.
    """
    item, make = _StructTypes().item_of(coder, check)

    def decoder(name: str, items: tuple[str, Any], beside: tuple[str, ...]) -> Decoder[Any]:
        members = [(*items, UNSET), *((member, Any, UNSET) for member in beside)]
        return Decoder(msgspec.defstruct(name, members, gc=False))

    page = decoder("Page", ("Items", _LIST[item]), beside_items)
    batch = decoder("Batch", ("Responses", _DICT[str, _LIST[item]]), beside_responses)
    return (page, batch), make


def slots_of(coder: StructCoder) -> dict[str, str]:
    """The fields of an item's struct by attribute name, `{"pk": "f0"}`: first those of the class,
    then the computed attributes."""
    names = [plan.field.attribute_name for plan in coder.plans]
    if coder.computed is not None:
        names += coder.computed.fields
    return {name: f"f{index}" for index, name in enumerate(names)}


class _StructTypes:
    """Makes msgspec's struct types for coders, and the functions that make instances of structs."""

    def __init__(self) -> None:
        self._value_types: dict[tuple[str, Any, bool], Any] = {}

    def item_of(
        self, coder: StructCoder, check: WriteLines | None
    ) -> tuple[Any, Callable[[Any], Any]]:
        """As `struct_of`, of an item of a table, which may have computed attributes."""
        computed = coder.computed
        more: list[Any] = []
        if computed is not None:
            compared = [] if computed.key is None else [side.field for side in computed.key.sides]
            more = [
                self._key_type(field) if field in compared else msgspec.Raw
                for field in computed.fields.values()
            ]
            if computed.type_field is not None:
                more[-1] = self._tagged("S", Literal[tuple(computed.entities)], nullable=False)
        return self.struct_of(coder, (coder,), check, more)

    def struct_of(
        self,
        coder: StructCoder,
        within: tuple[Coder, ...],
        check: WriteLines | None = None,
        more: Sequence[Any] = (),
    ) -> tuple[Any, Callable[[Any], Any]]:
        """The struct type of a class, and the function that makes an instance of a struct.

        Args:
            within: the coders around it, itself included; one that holds itself ends there.
            check: as for `page_types`.
            more: the types of further fields of the struct, after those of the class.
        """
        source = FunctionWriter("make", "content")
        if any(stands_apart(plan) for plan in coder.plans):
            source.line("more = {}", 1)
        fields: list[Any] = []
        for index, plan in enumerate(coder.plans):
            field, slot = plan.field, f"f{index}"
            needed = field.required and not plan.of_set and field.init
            item = f"content.{slot}" if needed and not plan.optional else "item"
            kind, value = self._field(source, plan, item, index, within)
            fields.append((slot, kind) if needed else (slot, kind, UNSET))
            if item == "item":
                source.line(f"item = content.{slot}", 1)
            target = f"more[{field.init_name!r}]" if stands_apart(plan) and field.init else slot
            if needed:
                source.line(f"{target} = {value}", 1)
            elif field.init and (field.default_takes_self or field.default is NOT_REQUIRED):
                source.line(f"if item is not {source.name('UNSET', UNSET)}:", 1)
                source.line(f"{target} = {value}", 2)
            else:
                default = coder.default(source, index, plan)
                unset = source.name("UNSET", UNSET)
                source.line(f"{target} = {default} if item is {unset} else {value}", 1)
        coder.write_made(source, check)
        names = {slot: name for name, slot in slots_of(coder).items()}
        fields += [(f"f{len(coder.plans) + index}", kind, UNSET) for index, kind in enumerate(more)]
        struct = msgspec.defstruct(
            f"{coder.structure.name} item", fields, rename=names, gc=False, kw_only=True
        )
        return struct, source.function(f"make {coder.name}")

    def _key_type(self, field: Field) -> Any:
        """The type of a computed attribute in a struct."""
        tag = scalar_tag(split_optional(field.type)[0]) or "S"
        return self._tagged(tag, str, nullable=False)

    def _field(
        self,
        source: FunctionWriter,
        plan: FieldPlan,
        item: str,
        index: int,
        within: tuple[Coder, ...],
    ) -> tuple[Any, str]:
        """The type of a field in its struct, and an expression for the field's value."""
        null: Null = ("first" if plan.null_first else "last") if plan.optional else "none"
        found = self._value(source, plan.coder, item, str(index), within, null)
        if found is not None:
            return found
        decode, decode_field = plan.coder.decode, plan.decode

        def decode_raw(raw: Any) -> Any:
            value = orjson.loads(memoryview(raw))
            is_null = null == "first" or value == {"NULL": True}
            return decode_field(value) if is_null else decode(value)

        return msgspec.Raw, f"{source.name(f'decode_{index}', decode_raw)}({item})"

    def _value(
        self,
        source: FunctionWriter,
        coder: Coder,
        item: str,
        hint: str,
        within: tuple[Coder, ...],
        null: Null = "none",
    ) -> tuple[Any, str] | None:
        """The type of what a coder reads, and an expression for its value.

        It is None where the coder has to read the JSON itself.

        Args:
            item: the expression of what is read.
            hint: makes names in the function unique.
            within: the coders around it.
            null: whether `{"NULL": true}` is a value too, namely None.
        """
        made: tuple[Any, str] | None
        if isinstance(coder, StructCoder):
            if coder in within:
                return None
            inner, make = self.struct_of(coder, (*within, coder))
            tag, payload, value = "M", inner, f"{source.name(f'make_{hint}', make)}({item}.M)"
        elif isinstance(coder, ListCoder):
            made = self._value(source, coder.element, "each", f"{hint}_each", within)
            if made is None:
                return None
            tag, payload, value = "L", _LIST[made[0]], f"[{made[1]} for each in {item}.L]"
            if coder.make is not None:
                value = f"{source.name(f'list_{hint}', coder.make)}({value})"
        elif isinstance(coder, MapCoder):
            if coder.key is not None:
                return None
            made = self._value(source, coder.value, "each", f"{hint}_each", within)
            if made is None:
                return None
            tag, payload = "M", _DICT[str, made[0]]
            value = f"{{key: {made[1]} for key, each in {item}.M.items()}}"
        else:
            scalar = self._scalar(source, coder, item, careful=null != "none")
            if scalar is None:
                return None
            tag, payload, value = scalar
        if null != "none":
            unset = source.name("UNSET", UNSET)
            alone = f" and {item}.{tag} is {unset}" if null == "last" else ""
            value = f"None if {item}.NULL is not {unset}{alone} else {value}"
        nullable = null != "none" or isinstance(coder, SetCoder)
        return self._tagged(tag, payload, nullable=nullable), f"({value})"

    def _scalar(
        self, source: FunctionWriter, coder: Coder, item: str, *, careful: bool
    ) -> tuple[str, Any, str] | None:
        """The tag, the type under it, and an expression for the value, of a scalar or a set.

        It is None where there is no such expression.

        Args:
            careful: whether the tag may be absent; the expression has to raise then.
        """
        found = coder.decode_source()
        if found is None or coder.tags is None:
            return None
        template = found.payload
        if isinstance(coder, SetCoder):
            tag, payload = coder.tag, _LIST[str]
            element = coder.element
            if coder.make is set and isinstance(element, ScalarCoder) and element.classes == (str,):
                # An empty set may be stored as NULL: that is rare, so it is read over dicts.
                unset, refuse = (source.name("UNSET", UNSET), source.name("refuse", _refuse))
                return tag, set[str], f"{item}.{tag} if {item}.{tag} is not {unset} else {refuse}()"
        else:
            if len(coder.tags) != 1 or coder.tag not in ("S", "N", "B", "BOOL"):
                return None
            tag, payload = coder.tag, bool if coder.tag == "BOOL" else str
            if not careful:  # msgspec has checked that it is text
                template = template.replace(_CHECKED_TEXT, "{p}")
        return tag, payload, source.expand(template, found.names, p=f"{item}.{tag}")

    def _tagged(self, tag: str, payload: Any, *, nullable: bool) -> Any:
        """The struct type of an attribute value such as `{"S": "x"}`.

        Args:
            nullable: whether it may be `{"NULL": true}` instead.
        """
        known = self._value_types.get((tag, payload, nullable))
        if known is None:
            fields: list[Any] = [(tag, payload)]
            if nullable:
                fields = [(tag, payload, UNSET), ("NULL", Any, UNSET)]
            known = msgspec.defstruct(tag, fields, gc=False)
            self._value_types[tag, payload, nullable] = known
        return known


def _refuse() -> Any:
    raise TypeError("there is no set: an empty one may have been stored as NULL")
