"""Functions that are generated for a model's keys: from values to the attribute map.

They encode the common keys, whose values are surely good; for all others they say so, and
`adorm.items.key_encoding` encodes and checks them with care. A generated function takes 0.3 us a
key, the careful way 2 us: every get pays it, and a batch for each key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from adorm.codec.absence import FieldPlan
from adorm.codec.compiled.writer import FunctionWriter
from adorm.dynamodb.limits import MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES
from adorm.dynamodb.values import KEY_TAGS, AttributeMap
from adorm.schema.item_keys import ItemKey
from adorm.support.records import Record

MAX_BYTES_OF_A_CHARACTER = 4
"""In UTF-8. Text that is short enough with four bytes for each character needs no closer look."""

KeyEncoder: TypeAlias = Callable[[tuple[Any, ...]], AttributeMap | None]
"""From a key's values to its attribute map; None for a key that needs a closer look."""


class KeyPart(Record):
    """One key attribute in generated code."""

    attribute_name: str
    tag: str
    payload: str
    """The expression of what is under the tag."""


def most_key_bytes(*, sort: bool) -> int:
    """The limit of a partition or sort key's size."""
    return MAX_SORT_KEY_BYTES if sort else MAX_PARTITION_KEY_BYTES


def make_key_encoder(
    name: str, plans: Sequence[FieldPlan], key: ItemKey | None = None
) -> KeyEncoder:
    """Generate the function, for instance of text and a whole number:

    def encode_key(values):
        try:
            v0, v1, = values
            if v0.__class__ is str and v0 and len(v0) <= 512 and v1.__class__ is int and ...:
                return {"pk": {"S": v0}, "sk": {"N": p1}}
        except Exception:
            return None

    Args:
        name: the model's.
        plans: of the values of a key, in order.
        key: how the key attributes are made of these values; None where each is one of them.
    """
    writer = FunctionWriter("encode_key", "values")
    writer.line("try:", 1)
    parts = write_test(writer, plans, 2, key)
    if parts is None:
        return _needs_closer_look
    writer.line(f"return {attribute_map_of(parts)}", 3)
    writer.line("except Exception:", 1)
    writer.line("return None", 2)
    return writer.function(f"encode key of {name}")


def write_test(
    writer: FunctionWriter, plans: Sequence[FieldPlan], indent: int, key: ItemKey | None = None
) -> list[KeyPart] | None:
    """Write lines that look at `values`, the last of them an `if` that holds for common keys.

    It is None where no key of the model is common.
    """
    if key is not None:
        return _write_template_test(writer, plans, indent, key)
    tests: list[str] = []
    parts: list[KeyPart] = []
    variables = [f"v{index}" for index in range(len(plans))]
    for index, (plan, variable) in enumerate(zip(plans, variables, strict=True)):
        coder = plan.coder
        common = coder.encode_source()
        if common is None or coder.tag not in KEY_TAGS:
            return None
        payload = variable
        tests.append(writer.expand(common.test, common.names, v=variable))
        if common.payload == "{v}":
            tests.append(variable)
        else:
            payload = f"p{index}"
            value = writer.expand(common.payload, common.names, v=variable)
            tests.append(f"({payload} := {value})")
        if coder.tag != "N":
            most = most_key_bytes(sort=index == 1) // MAX_BYTES_OF_A_CHARACTER
            tests.append(f"len({payload}) <= {most}")
        parts.append(KeyPart(plan.field.attribute_name, coder.tag, payload))
    writer.line(f"{', '.join(variables)}, = values", indent)
    writer.line(f"if {' and '.join(tests)}:", indent)
    return parts


def _write_template_test(
    writer: FunctionWriter, plans: Sequence[FieldPlan], indent: int, key: ItemKey
) -> list[KeyPart] | None:
    """The same for a key that is made of parts."""
    from adorm.codec.compiled.part_sources import part_source

    by_field = {plan.field: (plan, f"v{index}") for index, plan in enumerate(plans)}
    tests: list[str] = []
    parts: list[KeyPart] = []
    for index, side in enumerate(key.sides):
        pieces: list[str] = []
        tag = "S"
        for segment in side.template.segments:
            if isinstance(segment, str):
                pieces.append(repr(segment))
                continue
            plan, variable = by_field[segment.field]
            if side.template.alone is not None:
                tag = plan.coder.tag
                if tag not in KEY_TAGS:
                    return None
            source = part_source(writer, segment, plan, variable)
            if source is None:
                return None
            tests += source.tests
            text = source.text
            if not source.is_value:
                text = f"p{index}_{len(pieces)}"
                tests.append(f"({text} := {source.text})")
            elif not segment.width:
                tests.append(text)
            if segment.end and not segment.width:
                # a text without its first character can't contain it
                tests.append(f"{segment.end[0]!r} not in {text}")
            pieces.append(text)
        tests.append(f"(k{index} := {' + '.join(pieces)})")
        if tag != "N":
            most = most_key_bytes(sort=index == 1) // MAX_BYTES_OF_A_CHARACTER
            tests.append(f"len(k{index}) <= {most}")
        parts.append(KeyPart(side.attribute_name, tag, f"k{index}"))
    variables = "".join(f"v{index}, " for index in range(len(plans)))
    writer.line(f"{variables or '()'} = values", indent)
    writer.line(f"if {' and '.join(tests)}:", indent)
    return parts


def attribute_map_of(parts: Sequence[KeyPart]) -> str:
    """The expression of a key's attribute map."""
    content = ", ".join(
        f"{part.attribute_name!r}: {{{part.tag!r}: {part.payload}}}" for part in parts
    )
    return f"{{{content}}}"


def _needs_closer_look(_values: tuple[Any, ...]) -> None:
    """The encoder of keys of which none is common."""
