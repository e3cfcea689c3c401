"""Comparison of stored keys with the keys that adorm would write.

DynamoDB finds an item by the exact text of its key, and other programs write keys in other forms
than adorm: `2025-12-17T21:47:08+00:00`, UUIDs in upper case, `a//b` for a path. If such a key were
read, the next save would write it in adorm's form, as a second item. So an item is read only where
its key, encoded again, is the key that is stored. The same holds for the keys of indexes, by which
other programs find the item.

The keys of types with one form, such as str, int and Decimal, are not compared. For the others the
comparison is generated code. See docs/decisions/0026-keys-lead-back-to-their-item.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from adorm.codec.absence import FieldPlan, is_null
from adorm.codec.coders.choices import EnumCoder, LiteralCoder
from adorm.codec.coders.coder import Coder
from adorm.codec.coders.hooks import HookCoder
from adorm.codec.coders.scalar import ScalarCoder
from adorm.codec.coders.scalars import is_written_as_read
from adorm.codec.compiled.constructors import is_kept_by_constructor, is_name
from adorm.codec.compiled.items import StructCoder, stands_apart
from adorm.codec.compiled.writer import FunctionWriter, WriteLines
from adorm.codec.failures import DecodeFailure, EncodeFailure, shown
from adorm.dynamodb.values import canonical
from adorm.schema.fields import Role

_REMEDY = {"S": "`str`", "N": "`Decimal`", "B": "`bytes`"}
"""The type that holds every key of a tag as it is stored."""


def plans_to_compare(coder: StructCoder) -> list[tuple[int, FieldPlan]]:
    """The fields of keys that have to be compared, each with its index among all fields."""
    return [
        (index, plan)
        for index, plan in enumerate(coder.plans)
        if plan.field.is_key
        if not has_one_form(plan.coder) or not is_kept_by_constructor(coder.structure, plan.field)
    ]


def has_one_form(coder: Coder) -> bool:
    """Whether different keys are read as different values, and each is written as it was read.

    A hook for `str` itself, or for another such type, is believed to do so.
    """
    if isinstance(coder, ScalarCoder):
        return coder.scalar.has_one_form
    if isinstance(coder, EnumCoder):
        return _rule_for_other_values(coder.cls) is _rule_for_other_values(Enum)
    if isinstance(coder, HookCoder):
        return any(map(is_written_as_read, coder.classes))
    return isinstance(coder, LiteralCoder)


def _rule_for_other_values(cls: type[Enum]) -> object:
    return getattr(getattr(cls, "_missing_", None), "__func__", None)


def compare(plan: FieldPlan, value: Any, stored: Any) -> None:
    """Check that a value that was read would be written as it is stored.

    Else it raises a `DecodeFailure`, whose path begins inside the field.
    """
    if is_null(stored):  # in no index
        return
    try:
        written = plan.encode(value)
    except EncodeFailure as failure:
        raise _refused(plan, stored, f"can't be written as a key ({failure.problem})") from failure
    if written is not None and _is_same(written, stored):
        return
    other = "left out" if written is None else f"written as {shown(written)}"
    raise _refused(plan, stored, f"would be {other}, which is another key")


def comparing_decoder(coder: StructCoder) -> Callable[[Any], Any]:
    """`coder.decode_map` with a comparison of the keys. For a datetime its end is:

        made.at = f0
        value = made.at
        stored = content.get("at")
        if stored is not None and not (value.tzinfo is UTC and text_of(value) == stored["S"]):
            compare_fully_1(made, stored)
        return made

    Of an item with keys that are made of parts, absent parts are taken from the keys first.
    """
    check = _check(
        coder,
        "content.get({name!r})",
        None,
        'stored["{tag}"]',
        _as_it_is,
        'content[{name!r}]["{tag}"]',
        _as_it_is_whole,
    )
    prepare = None
    computed = coder.computed
    if computed is not None:
        from adorm.codec.compiled.computed import recovery

        prepare = recovery(coder.name, computed)
    if check is None and prepare is None:
        return coder.decode_map
    source = FunctionWriter("decode_item", "content")
    coder.write_decoder(source, prepare, check)
    return source.function(f"decode item {coder.name}")


def struct_check(
    coder: StructCoder,
    unset: object,
    plain: Callable[[Any, str], Any],
    slots: Mapping[str, str],
) -> WriteLines | None:
    """Writes the same comparison, for the structs of `PageParser`; None where there is none.

    Args:
        unset: stands for an absent attribute in a struct.
        plain: gives the attribute value that a struct was in JSON, by the struct and the
            attribute's name.
        slots: the fields of a struct, by attribute name.
    """

    def key_map(struct: Any) -> dict[str, Any]:
        names = [] if coder.computed is None else list(coder.computed.fields)
        values = {name: getattr(struct, slots[name]) for name in names}
        return {name: plain(value, name) for name, value in values.items() if value is not unset}

    return _check(
        coder,
        "content.f{index}",
        unset,
        "stored.{tag}",
        plain,
        "content.{slot}.{tag}",
        key_map,
        slots,
    )


def _check(
    coder: StructCoder,
    read: str,
    absent: object,
    payload: str,
    plain: Callable[[Any, str], Any],
    computed_payload: str,
    whole: Callable[[Any], Mapping[str, Any]],
    slots: Mapping[str, str] | None = None,
) -> WriteLines | None:
    plans = plans_to_compare(coder)
    computed = coder.computed
    if not plans and (computed is None or (computed.key is None and not computed.type_field)):
        return None

    def stored_text(name: str, tag: str) -> str:
        return computed_payload.format(name=name, tag=tag, slot=(slots or {}).get(name, ""))

    values = {
        plan.field: f"f{index}" if _is_in_variable(coder, plan) else f"made.{plan.field.name}"
        for index, plan in enumerate(coder.plans)
        if is_name(plan.field.name)
    }

    def write_check(source: FunctionWriter) -> None:
        absence = "None" if absent is None else source.name("UNSET", absent)
        present = f"stored is not {absence}"
        for index, plan in plans:
            source.line(f"stored = {read.format(index=index, name=plan.field.attribute_name)}", 1)
            _write_comparison(source, index, plan, present, payload, plain)
        if computed is not None:
            from adorm.codec.compiled.computed import write_computed_comparison

            of_type = None
            if slots is not None and computed.type_field is not None:
                # msgspec has compared what is there
                of_type = f"content.{slots[computed.type_field.attribute_name]} is not {absence}"
            write_computed_comparison(
                source, coder.name, coder.plans, computed, stored_text, whole, values, of_type
            )

    return write_check


def _is_in_variable(coder: StructCoder, plan: FieldPlan) -> bool:
    """Whether a decoder surely has in a variable what the instance holds."""
    return not stands_apart(plan) and is_kept_by_constructor(coder.structure, plan.field)


def _write_comparison(
    source: FunctionWriter,
    index: int,
    plan: FieldPlan,
    present: str,
    payload: str,
    plain: Callable[[Any, str], Any],
) -> None:
    """Write lines that compare a field of `made` with `stored`.

    Args:
        present: an expression that is true where `stored` is present.
        payload: an expression for what `stored` holds under `{tag}`.
        plain: gives the attribute value of `stored`, by it and the attribute's name.
    """

    def compare_fully(made: Any, stored: Any) -> None:
        name = plan.field.attribute_name
        try:
            compare(plan, getattr(made, plan.field.name), plain(stored, name))
        except DecodeFailure as failure:
            raise failure.under(name) from failure.__cause__

    tests = [present]
    common = plan.coder.encode_source()
    is_common = common is not None and plan.coder.decode_source() is not None
    if common is not None and is_common and plan.field.name.isidentifier():
        source.line(f"value = made.{plan.field.name}", 1)
        parts = [source.expand(common.test, common.names, v="value")] if common.test else []
        written = source.expand(common.payload, common.names, v="value")
        parts.append(f"{written} == {payload.format(tag=plan.coder.tag)}")
        tests.append(f"not ({' and '.join(parts)})")
    source.line(f"if {' and '.join(tests)}:", 1)
    source.line(f"{source.name(f'compare_fully_{index}', compare_fully)}(made, stored)", 2)


def _as_it_is_whole(content: Any) -> Mapping[str, Any]:
    """An attribute map that is one already."""
    whole: Mapping[str, Any] = content
    return whole


def _as_it_is(stored: Any, _name: str) -> Any:
    """An attribute value that is one already."""
    return stored


def _is_same(written: Any, stored: Any) -> bool:
    try:
        return bool(written == stored or canonical(written) == canonical(stored))
    except (TypeError, ValueError, AttributeError, StopIteration):
        return False


def _refused(plan: FieldPlan, stored: Any, problem: str) -> DecodeFailure:
    remedy = _remedy(plan, stored)
    return DecodeFailure(f"stored as {shown(stored)}, but what is read there {problem}: {remedy}")


def _remedy(plan: FieldPlan, stored: Any) -> str:
    hooks = "register hooks for its type that write it as it is stored"
    if plan.field.role not in (Role.PARTITION_KEY, Role.SORT_KEY, Role.ATTRIBUTE):
        return hooks  # the type of the field is fixed
    tag = next((tag for tag in _REMEDY if tag in stored), "S")
    return f"declare the field {_REMEDY[tag]}, or {hooks}"
