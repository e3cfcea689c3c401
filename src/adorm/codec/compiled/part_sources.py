"""Expressions for the texts of a key's parts, of Python values: the common forms only."""

from __future__ import annotations

from adorm.codec.absence import FieldPlan
from adorm.codec.coders.coder import Coder
from adorm.codec.coders.scalar import ScalarCoder
from adorm.codec.compiled.writer import FunctionWriter
from adorm.schema.key_texts import Part
from adorm.support.records import Record


class PartSource(Record):
    """How generated code makes the text of a part of a value."""

    tests: tuple[str, ...]
    """Expressions that are true for a common value, which the text may be made of."""
    text: str
    """The expression of the text. It may only be evaluated after the tests."""
    is_value: bool
    """Whether the text is the value itself."""


def part_source(
    writer: FunctionWriter, part: Part, plan: FieldPlan, variable: str
) -> PartSource | None:
    """The source for a part; None where the text is made of the stored value in another way.

    Args:
        plan: of the part's field.
        variable: the expression of the value.
    """
    coder = plan.coder
    common = coder.encode_source()
    if common is None:
        return None
    tests = (writer.expand(common.test, common.names, v=variable),) if common.test else ()
    text = writer.expand(common.payload, common.names, v=variable)
    is_value = common.payload == "{v}"
    if part.kind in ("fixed", "countdown"):
        if not _is_int(coder):
            return None
        most = 10**part.width - 1
        number = variable if part.kind == "fixed" else f"{most} - {variable}"
        in_range = f"0 <= {variable} <= {most}"
        return PartSource((*tests, in_range), f'f"{{{number}:0{part.width}d}}"', False)
    if part.kind in ("lower", "upper") and is_value and coder.tag == "S":
        return PartSource(tests, f"{text}.{part.kind}()", False)
    if part.kind == "plain" and coder.tag == "S":
        return PartSource(tests, text, is_value)
    if part.kind in ("plain", "number") and _is_int(coder):
        return PartSource(tests, text, False)
    return None


def _is_int(coder: Coder) -> bool:
    return isinstance(coder, ScalarCoder) and coder.classes == (int,)
