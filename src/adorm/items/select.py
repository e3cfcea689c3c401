"""`select(...)`: some attributes of each item, as tuples.

They read as the model reads them, defaults included, at every depth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast, get_args
from weakref import WeakKeyDictionary

from adorm.dynamodb.values import AttributeMap
from adorm.expressions.document_path import DocumentPath, MapKey, Step, stored_steps
from adorm.items.binding import Binding
from adorm.models import ModelInfo
from adorm.schema.fields import NOT_REQUIRED, Field
from adorm.schema.structures import kind_of, structure_of
from adorm.schema.types import Annotation, origin_of, split_optional, union_members, unwrap


class _Place(NamedTuple):
    """What lies at the end of the first steps of a location."""

    annotation: Annotation
    field: Field | None
    """The field of a structured class, where it is one."""
    alone: bool
    """The value before is of just one class, so that nothing but this field can be absent."""


_places: WeakKeyDictionary[DocumentPath, tuple[_Place, ...]] = WeakKeyDictionary()


def projected_steps(location: DocumentPath) -> tuple[Step, ...]:
    """What to ask DynamoDB for: the path up to its first list index, or the whole attribute.

    DynamoDB closes the gaps in a list of which it sends some elements, so an element could not be
    told from its neighbour. And of a path of which it sends nothing, it does not tell whether the
    last part is absent, which reads as its default, or one before it: there the whole attribute is
    read. That costs no more units, which go by the item's size.
    """
    if len(location.steps) > 1 and _is_told_by_its_attribute(location):
        return location.steps[:1]
    for position, step in enumerate(location.steps):
        if isinstance(step, int):
            return location.steps[:position]
    return location.steps


def projections(
    info: ModelInfo, locations: Sequence[DocumentPath], key_names: Iterable[str]
) -> list[tuple[Step, ...]]:
    """What to ask DynamoDB for: the locations, the key, and what tells of what kind an item is."""
    steps = [projected_steps(location) for location in locations]
    steps += [(name,) for name in key_names]
    if info.discriminator is not None:
        steps.append((info.discriminator.attribute_name,))
    if info.created_at is not None and any(
        location.field is info.updated_at for location in locations
    ):
        steps.append((info.created_at.attribute_name,))  # what an absent updated_at reads as
    return steps


def _is_told_by_its_attribute(location: DocumentPath) -> bool:
    if location.root is None:
        return False
    places = _places_of(location)
    first = places[0].field
    # A key that a map lacks is None, and so is any key of a map that is absent.
    return (
        any(place.field is not None for place in places[1:])
        or first is None
        or first.required
        or first.default_takes_self
    )


def select_values(
    binding: Binding, locations: Sequence[DocumentPath], attribute_map: AttributeMap
) -> tuple[Any, ...]:
    """The values at the locations, as the model reads them.

    None stands for a list element or map key that is not there.

    Raises:
        ItemDecodeError: a value does not fit its field, or is absent and has no default.
    """
    return tuple([select_value(binding, location, attribute_map) for location in locations])


def select_value(binding: Binding, location: DocumentPath, attribute_map: AttributeMap) -> Any:
    """The value at one location."""
    steps = location.steps
    if location.root is None:
        found = _find({"M": attribute_map}, steps)
        return (
            None if found is None else binding.decode_part(None, steps, found, location.annotation)
        )
    if location.is_top_level and location.field is not None:
        stored = attribute_map.get(location.attribute_name)
        if stored is None:
            return binding.decode_absent(location.field, steps, attribute_map)
        return binding.decode_part(location.field, steps, stored)
    return _walk(binding, location, attribute_map)


def _walk(binding: Binding, location: DocumentPath, attribute_map: AttributeMap) -> Any:
    steps, places = location.steps, _places_of(location)
    texts = stored_steps(steps, binding.codec)
    stored: Any = attribute_map.get(location.attribute_name)
    for position, place in enumerate(places):
        so_far, rest = (
            steps[: position + 1],
            zip(steps[position + 1 :], places[position + 1 :], strict=True),
        )
        if stored is None:
            if place.field is None or place.field.default is NOT_REQUIRED:
                return None
            return _look_up(binding.decode_absent(place.field, so_far, attribute_map), rest)
        if position == len(steps) - 1:
            return binding.decode_part(place.field, so_far, stored, place.annotation)
        following, inside = steps[position + 1], places[position + 1]
        kind: Any = list if isinstance(following, int) else dict
        content: Any = None
        if stored.__class__ is dict:
            content = stored.get("L" if kind is list else "M")
        if type(content) is not kind or not inside.alone:
            # NULL, what a hook has stored, one of several classes, or no value at all: it tells.
            return _look_up(
                binding.decode_part(place.field, so_far, stored, place.annotation), rest
            )
        if isinstance(following, int):
            stored = content[following] if following < len(content) else None
        else:
            stored = content.get(texts[position + 1])
    return None


def _look_up(value: Any, rest: Any) -> Any:
    """The part of a value in Python; None where it has no such part."""
    for step, place in rest:
        if value is None:
            return None
        value = _part(value, step, place.field)
    return value


def _part(value: Any, step: Step, field: Field | None) -> Any:
    name = step if field is None else field.name
    if isinstance(step, int):
        is_list = isinstance(value, Sequence)
        elements = cast("Sequence[Any]", value if is_list else ())
        return elements[step] if step < len(elements) else None
    if isinstance(value, Mapping):
        content = cast("Mapping[Any, Any]", value)  # type: ignore[redundant-cast]  # not to pyright
        return content.get(step.key if isinstance(step, MapKey) else name)
    return getattr(value, str(name), None) if kind_of(type(value)) is not None else None


def _places_of(location: DocumentPath) -> tuple[_Place, ...]:
    """What lies at the end of each of its steps."""
    known = _places.get(location)
    if known is None:
        first = next(
            (
                field
                for field in structure_of(location.root).fields
                if field.attribute_name == location.attribute_name
            ),
            None,
        )
        places = [_Place(Any if first is None else first.type, first, alone=True)]
        for step in location.steps[1:]:
            places.append(_inside(places[-1].annotation, step))
        known = _places[location] = tuple(places)
    return known


def _inside(annotation: Annotation, step: Step) -> _Place:
    members = union_members(unwrap(split_optional(annotation)[0]))
    structures = [structure_of(member) for member in members if kind_of(member) is not None]
    if not isinstance(step, int):
        for structure in structures:
            field = next(
                (field for field in structure.fields if field.attribute_name == step), None
            )
            if field is not None:
                return _Place(field.type, field, alone=len(structures) == 1)
    for member in members:
        origin = origin_of(member) or member
        arguments: tuple[Annotation, ...] = get_args(member)
        if not isinstance(origin, type) or kind_of(member) is not None:
            continue
        if isinstance(step, int) and issubclass(origin, Sequence) and arguments:
            fixed = issubclass(origin, tuple) and arguments[-1] is not Ellipsis
            return _Place(
                arguments[min(step, len(arguments) - 1)] if fixed else arguments[0],
                None,
                alone=True,
            )
        if not isinstance(step, int) and issubclass(origin, Mapping) and len(arguments) == 2:
            return _Place(arguments[1], None, alone=True)
    return _Place(Any, None, alone=True)


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
