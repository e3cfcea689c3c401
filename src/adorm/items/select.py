"""`select(...)`: some attributes of each item, as tuples.

Their values are those that the whole item would have, defaults included, at every depth.
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
from adorm.schema.structures import Structure, kind_of, structure_of
from adorm.schema.types import Annotation, origin_of, split_optional, union_members, unwrap


class _StepType(NamedTuple):
    """The type of the value after one of a path's steps."""

    annotation: Annotation
    field: Field | None
    """The field of a structured class, where the step leads to one."""
    is_only_class: bool
    """The value before the step is of exactly one class. Where it is not, only decoding it tells
    which class it is of, and so what the absence of this field means."""


_step_types: WeakKeyDictionary[DocumentPath, tuple[_StepType, ...]] = WeakKeyDictionary()


def projected_steps(path: DocumentPath) -> tuple[Step, ...]:
    """The part of a path that is projected: up to its first list index, or only the attribute.

    Of a list DynamoDB sends the selected elements without gaps, so that their indexes are lost. And
    where it sends nothing for a path, it does not tell whether the last step is absent, which reads
    as that field's default, or one before it; so such paths read the whole attribute. That costs no
    more read units, which depend on the item's size.
    """
    if len(path.steps) > 1 and _needs_whole_attribute(path):
        return path.steps[:1]
    for position, step in enumerate(path.steps):
        if isinstance(step, int):
            return path.steps[:position]
    return path.steps


def projections(
    info: ModelInfo, paths: Sequence[DocumentPath], key_names: Iterable[str]
) -> list[tuple[Step, ...]]:
    """The projection of a request: the selected paths, the key, and what tells whether reads leave
    an item out."""
    steps = [projected_steps(path) for path in paths]
    steps += [(name,) for name in key_names]
    if info.discriminator is not None:
        steps.append((info.discriminator.attribute_name,))
    if info.deleted_at is not None:
        steps.append((info.deleted_at.attribute_name,))
    if info.created_at is not None and any(path.field is info.updated_at for path in paths):
        steps.append((info.created_at.attribute_name,))  # an absent updated_at reads as created_at
    return steps


def _needs_whole_attribute(path: DocumentPath) -> bool:
    """Whether absence at different steps of the path reads as different values."""
    if path.root is None:
        return False
    types = _types_of(path)
    first = types[0].field
    # A missing key of a map is None, and so is any key of an absent map: there it is the same.
    return (
        any(step_type.field is not None for step_type in types[1:])
        or first is None
        or first.required
        or first.default_takes_self
    )


def select_values(
    binding: Binding, paths: Sequence[DocumentPath], attribute_map: AttributeMap
) -> tuple[Any, ...]:
    """The values at the paths. A list element or map key that is not there is None.

    A part of a key that has no attribute of its own is read from the text of the table's key.
    """
    key = binding.info.key
    if key is not None:
        from adorm.codec.compiled.computed import key_texts

        attribute_map = {**key_texts(binding.info.name, key).parse(attribute_map), **attribute_map}
    return tuple([select_value(binding, path, attribute_map) for path in paths])


def select_value(binding: Binding, path: DocumentPath, attribute_map: AttributeMap) -> Any:
    """The value at one path."""
    steps = path.steps
    if path.root is None:
        found = _stored_at({"M": attribute_map}, steps)
        return None if found is None else binding.decode_part(None, steps, found, path.annotation)
    if path.is_top_level and path.field is not None:
        stored = attribute_map.get(path.attribute_name)
        if stored is None:
            return binding.decode_absent(path.field, steps, attribute_map)
        return binding.decode_part(path.field, steps, stored)
    return _walk(binding, path, attribute_map)


def _walk(binding: Binding, path: DocumentPath, attribute_map: AttributeMap) -> Any:
    steps, types = path.steps, _types_of(path)
    texts = stored_steps(steps, binding.codec)
    stored: Any = attribute_map.get(path.attribute_name)
    for position, step_type in enumerate(types):
        so_far = steps[: position + 1]
        rest = zip(steps[position + 1 :], types[position + 1 :], strict=True)
        if stored is None:
            if step_type.field is None or step_type.field.default is NOT_REQUIRED:
                return None
            return _follow(binding.decode_absent(step_type.field, so_far, attribute_map), rest)
        if position == len(steps) - 1:
            return binding.decode_part(step_type.field, so_far, stored, step_type.annotation)
        following, following_type = steps[position + 1], types[position + 1]
        container: Any = list if isinstance(following, int) else dict
        content: Any = None
        if stored.__class__ is dict:
            content = stored.get("L" if container is list else "M")
        if type(content) is not container or not following_type.is_only_class:
            # NULL, a form that a hook stores, one of several classes, or no value: decoding tells
            return _follow(
                binding.decode_part(step_type.field, so_far, stored, step_type.annotation), rest
            )
        if isinstance(following, int):
            stored = content[following] if following < len(content) else None
        else:
            stored = content.get(texts[position + 1])
    return None


def _follow(value: Any, rest: Any) -> Any:
    """The value that the remaining steps lead to in a decoded value; None where there is none."""
    for step, step_type in rest:
        if value is None:
            return None
        value = _child(value, step, step_type.field)
    return value


def _child(value: Any, step: Step, field: Field | None) -> Any:
    name = step if field is None else field.name
    if isinstance(step, int):
        is_list = isinstance(value, Sequence)
        elements = cast("Sequence[Any]", value if is_list else ())
        return elements[step] if step < len(elements) else None
    if isinstance(value, Mapping):
        content = cast("Mapping[Any, Any]", value)  # type: ignore[redundant-cast]  # not to pyright
        return content.get(step.key if isinstance(step, MapKey) else name)
    return getattr(value, str(name), None) if kind_of(type(value)) is not None else None


def _types_of(path: DocumentPath) -> tuple[_StepType, ...]:
    """The type after each of the path's steps."""
    known = _step_types.get(path)
    if known is None:
        first = _field_named(path.attribute_name, structure_of(path.root))
        types = [_StepType(Any if first is None else first.type, first, is_only_class=True)]
        for step in path.steps[1:]:
            types.append(_type_after(types[-1].annotation, step))
        known = _step_types[path] = tuple(types)
    return known


def _field_named(attribute_name: object, structure: Structure) -> Field | None:
    for field in structure.fields:
        if field.attribute_name == attribute_name:
            return field
    return None


def _type_after(annotation: Annotation, step: Step) -> _StepType:
    """The type after one step from a value of the annotation; `Any` where it is not known."""
    members = union_members(unwrap(split_optional(annotation)[0]))
    structures = [structure_of(member) for member in members if kind_of(member) is not None]
    if not isinstance(step, int):
        for structure in structures:
            field = _field_named(step, structure)
            if field is not None:
                return _StepType(field.type, field, is_only_class=len(structures) == 1)
    for member in members:
        origin = origin_of(member) or member
        arguments: tuple[Annotation, ...] = get_args(member)
        if not isinstance(origin, type) or kind_of(member) is not None:
            continue
        if isinstance(step, int) and issubclass(origin, Sequence) and arguments:
            fixed = issubclass(origin, tuple) and arguments[-1] is not Ellipsis
            index = min(step, len(arguments) - 1) if fixed else 0
            return _StepType(arguments[index], None, is_only_class=True)
        if not isinstance(step, int) and issubclass(origin, Mapping) and len(arguments) == 2:
            return _StepType(arguments[1], None, is_only_class=True)
    return _StepType(Any, None, is_only_class=True)


def _stored_at(value: Any, steps: Sequence[Step]) -> Any:
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
