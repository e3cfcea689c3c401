"""Functions that are generated for several fields that one update gives a value: from the values to
the attribute values, in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations, product
from typing import Any, TypeAlias

from adorm.codec.absence import FieldPlan
from adorm.codec.compiled.items import write_encoded
from adorm.codec.compiled.writer import FunctionWriter
from adorm.dynamodb.values import AttributeValue
from adorm.schema.fields import Field

FieldsEncoder: TypeAlias = Callable[[Sequence[Any]], tuple[dict[str, AttributeValue | None], bool]]
"""From the values of fields to the attribute values by attribute name, None for absence. And
whether all of them are there, and no two are written alike; False where that is not known. It
raises anything where a value does not fit."""

MAX_PAIRS = 32
"""The most pairs of values that are compared one by one."""


def make_fields_encoder(
    plans: Sequence[FieldPlan], encode_field: Callable[[Field, Any], AttributeValue | None]
) -> FieldsEncoder:
    """Generate the function, for instance of two texts and a number that may be None:

    def encode_fields(values):
        v0, v1, v2, = values
        w0 = {"S": v0} if v0.__class__ is str else encode_0(v0)
        w1 = {"S": v1} if v1.__class__ is str else encode_1(v1)
        if v2 is None:
            w2 = None
        else:
            w2 = {"N": str(v2)} if v2.__class__ is int and ... else encode_2(v2)
        return {"status": w0, "note": w1, "count": w2}, (
            w2 is not None and len({w0["S"], w1["S"]}) == 2
        )

    Args:
        plans: of the fields.
        encode_field: encodes the values of a field with a check how deeply they are nested.
    """
    source = FunctionWriter("encode_fields", "values")
    source.line(f"{''.join([f'v{index}, ' for index in range(len(plans))])}= values", 1)
    for index, plan in enumerate(plans):
        value, target = f"v{index}", f"w{index} = "
        if plan.coder.open_ended:
            encode = source.name(f"encode_field_{index}", partial(encode_field, plan.field))
            source.line(f"{target}{encode}({value})", 1)
        else:
            write_encoded(source, plan, value, str(index), target, 1, absent=f"{target}None")
    content = ", ".join(
        f"{plan.field.attribute_name!r}: w{index}" for index, plan in enumerate(plans)
    )
    source.line(f"return {{{content}}}, {_distinct(plans)}", 1)
    return source.function(f"encode fields of {plans[0].field.owner}")


def _distinct(plans: Sequence[FieldPlan]) -> str:
    """An expression that is true where no value is absent, and no two are written alike."""
    tests: list[str] = []
    by_tag: dict[str, list[int]] = {"S": [], "N": []}
    """The fields whose contents are compared all at once, by a set of them."""
    others: list[tuple[int, frozenset[str] | None]] = []
    for index, plan in enumerate(plans):
        tags = plan.coder.tags
        if plan.has_absence or plan.coder.open_ended:
            tests.append(f"w{index} is not None")
        elif tags is not None and len(tags) == 1 and (tag := next(iter(tags))) in by_tag:
            by_tag[tag].append(index)
            continue
        if tags is not None and "null" in (plan.on_none, plan.on_empty_set):
            tags |= {"NULL"}
        others.append((index, tags))
    for tag, indices in by_tag.items():
        if len(indices) > 1:
            contents = ", ".join(f'w{index}["{tag}"]' for index in indices)
            tests.append(f"len({{{contents}}}) == {len(indices)}")
    scalars = [(index, frozenset({tag})) for tag, indices in by_tag.items() for index in indices]
    pairs = [
        f"w{one} != w{other}"
        for (one, tags), (other, other_tags) in (
            *combinations(others, 2),
            *product(others, scalars),
        )
        if tags is None or other_tags is None or tags & other_tags
    ]
    return "False" if len(pairs) > MAX_PAIRS else " and ".join([*tests, *pairs]) or "True"
