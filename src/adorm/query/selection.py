"""`select(...)`: some attributes of each item, as tuples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adorm.errors import AttributeMap, ItemDecodeError
from adorm.expressions.location import Location, Step
from adorm.fields import NOT_REQUIRED
from adorm.query.binding import Binding
from adorm.typeinfo import split_optional


def projected_steps(location: Location) -> tuple[Step, ...]:
    """What to ask DynamoDB for: the path up to its first list index.

    DynamoDB closes the gaps in a list of which it sends some elements, so an element could not be told from its neighbour. Reading
    the whole list costs no more units, which go by the item's size.
    """
    for position, step in enumerate(location.steps):
        if isinstance(step, int):
            return location.steps[:position]
    return location.steps


def select_values(binding: Binding, locations: Sequence[Location], attribute_map: AttributeMap) -> tuple[Any, ...]:
    """The values at the locations. What an item does not have reads as the field's default, else as None.

    Raises:
        ItemDecodeError: a value does not fit its field, or a required field is absent.
    """
    return tuple(select_value(binding, location, attribute_map) for location in locations)


def select_value(binding: Binding, location: Location, attribute_map: AttributeMap) -> Any:
    """The value at one location."""
    found = _find({"M": attribute_map}, location.steps)
    if found is not None:
        if location.field is not None:
            return binding.decode_part(location.field, location.steps, found)
        return binding.decode_part(None, location.steps, found, location.annotation)
    field = location.field
    if field is None or not location.is_top_level:
        return None
    if field.factory is not None:
        return field.factory()
    if not field.required and not field.default_takes_self and field.default is not NOT_REQUIRED:
        return field.default
    if split_optional(field.type)[1] or not field.required:
        return None
    raise ItemDecodeError(
        f"missing, and {location} has no default",
        model=binding.info.model,
        key=binding.key_attributes(attribute_map),
        path=f"$.{field.attribute_name}",
        attribute_map=attribute_map,
    )


def _find(value: Any, steps: Sequence[Step]) -> Any:
    for step in steps:
        if isinstance(step, int):
            elements = value.get("L", ())
            if step >= len(elements):
                return None
            value = elements[step]
        else:
            value = value.get("M", {}).get(step)
            if value is None:
                return None
    return value
