"""Models of one `SingleTable` beside each other: whose keys can be equal, and what is a mistake.

A process without a `SingleTable` does not load this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from adorm.errors import ModelError

if TYPE_CHECKING:
    from adorm.schema.item_keys import ItemKey
    from adorm.schema.key_texts import Template
    from adorm.schema.single_table import SingleTable


class TableModel(Protocol):
    """What is needed of a model, whose `ModelInfo` has it."""

    @property
    def name(self) -> str: ...
    @property
    def entities(self) -> Sequence[str]: ...
    @property
    def key(self) -> ItemKey | None: ...
    @property
    def is_abstract(self) -> bool: ...


def check_beside_others(
    table: SingleTable, model: TableModel, others: Sequence[TableModel]
) -> None:
    """Refuse a model whose items can't be told from those of another model of its table.

    Args:
        others: the models of the table that are known so far, perhaps the model itself too.

    Raises:
        ModelError: both have one entity, or the table has no type attribute and their keys can be
            equal.
    """
    for other in others:
        if other is model or other.is_abstract or model.is_abstract:
            continue
        common = [entity for entity in model.entities if entity in other.entities]
        if common:
            raise ModelError(
                f"{model.name} and {other.name} of {table!r} have the same entity {common[0]!r}, "
                "so that their items can't be told apart: give one of them another entity="
            )
        if table.type_attribute is None and may_have_equal_keys(model, other):
            raise ModelError(
                f"{model.name} and {other.name} of {table!r} can have one key, "
                f"{_texts(model)} and {_texts(other)}, and items of this table are told apart by "
                "their keys alone: let the texts begin differently, or give the table a "
                "type_attribute="
            )


def may_have_equal_keys(one: TableModel, other: TableModel) -> bool:
    """Whether an item of one model can have the key of an item of the other.

    Only the literal texts at both ends of a template are looked at, so that True may be wrong.
    """
    if one.key is None or other.key is None:
        return True
    sides = zip(one.key.sides, other.key.sides, strict=False)
    return all(_may_be_equal(mine.template, theirs.template) for mine, theirs in sides)


def may_have_key_of_guard(model: TableModel, start: str) -> bool:
    """Whether an item of the model can have the key of a guard, whose text is both its partition
    key and its sort key. True may be wrong.

    Args:
        start: what the texts of the guards begin with.
    """
    return model.key is None or all(
        _may_begin_with(side.template, start) for side in model.key.sides
    )


def _may_begin_with(template: Template, start: str) -> bool:
    if template.alone is not None:
        return True
    own = template.literal_start
    return own.startswith(start) or (bool(template.parts) and start.startswith(own))


def _may_be_equal(one: Template, other: Template) -> bool:
    if one.tag != other.tag:
        return False
    if one.alone is not None or other.alone is not None:
        return True
    if not one.parts or not other.parts:
        fixed, by_parts = (other, one) if one.parts else (one, other)
        if not by_parts.parts:
            return by_parts.literal_start == fixed.literal_start
        return _may_give(by_parts, fixed)
    start, other_start = one.literal_start, other.literal_start
    end, other_end = one.literal_end, other.literal_end
    same_start = start.startswith(other_start) or other_start.startswith(start)
    return same_start and (end.endswith(other_end) or other_end.endswith(end))


def _may_give(template: Template, fixed: Template) -> bool:
    """Whether a template with parts can give the text of one that has none."""
    text, start, end = fixed.literal_start, template.literal_start, template.literal_end
    is_long_enough = len(text) > len(start) + len(end)  # no part is empty
    return is_long_enough and text.startswith(start) and text.endswith(end)


def _texts(model: TableModel) -> str:
    if model.key is None:
        return "made of plain fields"
    return " / ".join(side.template.text for side in model.key.sides)
