"""Keys that others wrote: whether what was read leads back to the item.

DynamoDB knows an item by the exact text of its key, and other writers spell keys otherwise than
adorm does: `2025-12-17T21:47:08+00:00`, UUIDs in upper case, `a//b` for a path. Read leniently,
such a key would be written in adorm's form by the next save, as a second item. So an item is read
only where its key, encoded again, is the key that is stored; the same holds for keys of indexes,
by which other readers find it.

Types of one form only, such as str, int and Decimal, need no look. The others are compared in code
that is generated for the model.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from adorm.codec.absence import FieldPlan, is_null
from adorm.codec.coders.choices import EnumCoder, LiteralCoder
from adorm.codec.coders.coder import Coder
from adorm.codec.coders.hooks import HookCoder
from adorm.codec.coders.scalar import ScalarCoder
from adorm.codec.coders.scalars import has_one_form as is_written_as_read
from adorm.codec.compiled.constructors import is_kept_by_constructor
from adorm.codec.compiled.items import StructCoder
from adorm.codec.compiled.writer import FunctionWriter
from adorm.codec.failures import DecodeFailure, EncodeFailure, shown
from adorm.dynamodb.values import canonical
from adorm.schema.fields import Role

_REMEDY = {"S": "`str`", "N": "`Decimal`", "B": "`bytes`"}
"""What holds any key of a tag as it is stored."""


def plans_to_compare(coder: StructCoder) -> list[tuple[int, FieldPlan]]:
    """The keys among the fields that may be read as something that is written in another way, each
    with its place among all fields."""
    return [
        (index, plan)
        for index, plan in enumerate(coder.plans)
        if plan.field.is_key
        if not has_one_form(plan.coder) or not is_kept_by_constructor(coder.structure, plan.field)
    ]


def has_one_form(coder: Coder) -> bool:
    """Whether all that DynamoDB takes for different keys is read as different values, and written
    as it was. A hook for `str` itself, or another such class, is taken at its word."""
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
    """Look whether a value that was read would be written as it is stored.

    Raises:
        DecodeFailure: it would become another key; the path begins inside the field.
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
    """`coder.decode_map` for what is stored, as this one, of a datetime:

    def decode_stored(content):
        made = decode_map(content)
        value = made.at
        stored = content.get("at")
        if stored is not None and not (value.tzinfo is UTC and text_of(value) == stored["S"]):
            compare_1(value, stored)
        return made
    """
    plans = plans_to_compare(coder)
    if not plans:
        return coder.decode_map
    source = FunctionWriter("decode_stored", "content")
    source.line(f"made = {source.name('decode_map', coder.decode_map)}(content)", 1)
    for index, plan in plans:
        source.line(f"stored = content.get({plan.field.attribute_name!r})", 1)
        payload = 'stored["{tag}"]'
        _write_comparison(source, index, plan, "stored is not None", payload, _as_it_is)
    source.line("return made", 1)
    return source.function(f"decode stored {coder.name}")


def comparing_maker(
    coder: StructCoder, make: Callable[[Any], Any], unset: object, plain: Callable[[Any, str], Any]
) -> Callable[[Any], Any]:
    """`make` of a `PageParser` with the same comparison, of structs in the place of dicts.

    Args:
        make: makes the instance of a struct with a field `f0` for the first field, and so on.
        unset: what stands for an absent attribute.
        plain: the attribute value that a struct was in JSON, given its attribute's name too.
    """
    plans = plans_to_compare(coder)
    if not plans:
        return make
    source = FunctionWriter("make_stored", "content")
    source.line(f"made = {source.name('make', make)}(content)", 1)
    absent = source.name("UNSET", unset)
    for index, plan in plans:
        name = plan.field.attribute_name
        source.line(f"stored = content.f{index}", 1)
        present = f"stored is not {absent}"
        _write_comparison(source, index, plan, present, "stored.{tag}", _Plain(plain, name))
    source.line("return made", 1)
    return source.function(f"make stored {coder.name}")


def _write_comparison(
    source: FunctionWriter,
    index: int,
    plan: FieldPlan,
    present: str,
    payload: str,
    attribute_value: Callable[[Any], Any],
) -> None:
    """Lines that compare the value of `made` with `stored`.

    Args:
        present: a test whether there is something stored.
        payload: the expression of what `stored` holds under `{tag}`.
        attribute_value: makes the attribute value of `stored`.
    """

    def look_closer(made: Any, stored: Any) -> None:
        try:
            compare(plan, getattr(made, plan.field.name), attribute_value(stored))
        except DecodeFailure as failure:
            raise failure.under(plan.field.attribute_name) from failure.__cause__

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
    source.line(f"{source.name(f'look_closer_{index}', look_closer)}(made, stored)", 2)


def _as_it_is(stored: Any) -> Any:
    return stored


class _Plain:
    """Makes the attribute value of a struct under its attribute's name."""

    def __init__(self, plain: Callable[[Any, str], Any], name: str) -> None:
        self._plain = plain
        self._name = name

    def __call__(self, stored: Any) -> Any:
        return self._plain(stored, self._name)


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
    if plan.field.role not in (
        Role.PARTITION_KEY,
        Role.SORT_KEY,
        Role.ATTRIBUTE,
    ):  # of a type that is fixed
        return hooks
    tag = next((tag for tag in _REMEDY if tag in stored), "S")
    return f"declare the field {_REMEDY[tag]}, or {hooks}"
