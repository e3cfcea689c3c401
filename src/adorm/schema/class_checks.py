"""What `@adorm.model` refuses in a class, by name, before and after attrs has made it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, ClassVar, cast

import attrs

from adorm.errors import ModelError
from adorm.schema.fields import METADATA_KEY, NO_MARKER, Field, Marker, Role
from adorm.schema.types import Annotation, origin_of, scalar_tag, split_optional, type_name, unwrap

_AttrsField: type = type(cast("object", attrs.field()))


def check_class_body(cls: type) -> None:
    """Refuse fields that can't work, before attrs has made the class.

    Raises:
        ModelError: one mutable value would be the default of all instances, or every class has
            something of a field's name (`mro`), so that there can be no path.
    """
    for field in cls.__dict__.get("__annotations__", {}):
        _check_default(cls, field, cls.__dict__.get(field))
        if hasattr(type, field):
            raise ModelError(
                f"{cls.__name__}.{field}: every class has something of that name, so there can be "
                f"no path: rename the field, give name={field!r}"
            )


def _check_default(cls: type, field: str, default: object) -> None:
    if isinstance(default, (list, dict, set, bytearray)):
        kind = type(cast("object", default)).__name__
        raise ModelError(
            f"{cls.__name__}.{field}: one {kind} as the default of all instances: "
            f"write adorm.attribute(factory={kind})"
        )


def check_bases(cls: type) -> None:
    """Refuse fields that attrs would leave out and say nothing: those of a base that is neither a
    model nor an attrs class.

    Raises:
        ModelError: a base has markers or annotated fields, and no decorator.
    """
    made: set[str] = set(_own_annotations(cls))
    for base in cls.__mro__[1:]:
        if "__attrs_attrs__" in base.__dict__:
            made.update(_own_annotations(base))
    for base in cls.__mro__[1:]:
        if base is object or "__attrs_attrs__" in base.__dict__:
            continue
        fields = [name for name, value in base.__dict__.items() if isinstance(value, _AttrsField)]
        fields += [
            name
            for name, hint in _own_annotations(base).items()
            if name not in made and not _is_class_variable(hint)
        ]
        if fields:
            also = " in the place of @dataclass" if "__dataclass_fields__" in base.__dict__ else ""
            raise ModelError(
                f"{cls.__name__}: its base {base.__name__} declares "
                f"{', '.join(dict.fromkeys(fields))}, but is no model, so these would be "
                f"no fields of {cls.__name__}: decorate {base.__name__} with @adorm.model{also}, "
                "or annotate what is no field as ClassVar"
            )


def check_roles(cls: type, *, has_table: bool, has_key: bool) -> None:
    """Refuse mistakes that show without looking at types, after attrs has made the class.

    Args:
        has_table: whether it has a table or indexes, so that it needs a key.
        has_key: whether it needs no partition key among its fields: its key is made of parts.

    Raises:
        ModelError: two fields have one role, there is no partition key, the options of a field
            exclude each other, or a deleted item should expire and has no ttl.
    """
    by_role: dict[Role, list[str]] = {}
    keeps_until = False
    for field in attrs.fields(cls):
        marker: Marker = field.metadata.get(METADATA_KEY) or NO_MARKER
        by_role.setdefault(marker.role, []).append(field.name)
        _check_default(cls, field.name, field.default)
        if marker.as_json and (marker.as_set or marker.omit_empty):
            raise ModelError(
                f"{cls.__name__}.{field.name}: as_json goes with neither as_set nor omit_empty"
            )
        keeps_until |= marker.keep is not None
    if keeps_until and Role.TTL not in by_role:
        raise ModelError(
            f"{cls.__name__}: deleted_at(keep=...) sets the ttl of a deleted item, and the model "
            "has no ttl field: add one with adorm.ttl(), or leave `keep` out"
        )
    for role, names in by_role.items():
        if role is not Role.ATTRIBUTE and len(names) > 1:
            raise ModelError(
                f"{cls.__name__} has {len(names)} {role.value} fields, {' and '.join(names)}; "
                "it can have one"
            )
    has_key = has_key or Role.PARTITION_KEY in by_role
    if not has_key and (has_table or Role.SORT_KEY in by_role):
        options = getattr(cls, "__adorm_options__", None)
        remedy = "mark one field with adorm.partition_key()"
        if options is not None and options.single_table is not None:
            remedy = "declare its key by @adorm.key"
        raise ModelError(f"{cls.__name__} has no partition key: {remedy}")


def check_role(owner: str, field: Field) -> None:
    """Refuse a field whose type does not fit its role.

    Raises:
        ModelError: a version is no int, a timestamp no datetime, a ttl neither `datetime | None`
            nor `int | None`, a deleted_at no `datetime | None`, or a discriminator no text.
    """
    where = f"{owner}.{field.name}"
    annotation, optional = split_optional(field.type)
    bare: Annotation = unwrap(annotation)
    if field.role is Role.VERSION and (bare is not int or optional):
        raise ModelError(f"{where} is the version, so it is an int, not {type_name(field.type)}")
    if field.role in (Role.CREATED_AT, Role.UPDATED_AT) and scalar_tag(bare) != "S":
        raise ModelError(
            f"{where} is {field.role.value}, so it is a datetime, not {type_name(field.type)}"
        )
    if field.role is Role.TTL and (not optional or type_name(bare) not in ("datetime", "int")):
        raise ModelError(
            f"{where} is the ttl, so it is `datetime | None` or `int | None`, "
            f"not {type_name(field.type)}"
        )
    if field.role is Role.DELETED_AT and not (optional and type_name(bare) == "datetime"):
        raise ModelError(
            f"{where} says when an item was deleted, so it is `datetime | None`, "
            f"not {type_name(field.type)}"
        )
    if field.role is Role.DISCRIMINATOR and scalar_tag(bare) != "S":
        raise ModelError(
            f"{where} is the discriminator, so it is text, not {type_name(field.type)}"
        )


def _own_annotations(cls: type) -> Mapping[str, Any]:
    """The annotations of a class itself, not of its bases; texts and forward references stay."""
    annotations: Mapping[str, Any] | None = cls.__dict__.get("__annotations__")
    if (
        annotations is None
        and sys.version_info >= (3, 14)
        and cls.__dict__.get("__annotate_func__") is not None
    ):
        from annotationlib import Format, get_annotations

        annotations = get_annotations(cls, format=Format.FORWARDREF)
    return annotations or {}


def _is_class_variable(hint: Any) -> bool:
    if isinstance(hint, str):
        return hint.strip("'\"").startswith(("ClassVar", "typing.ClassVar", "t.ClassVar"))
    return (origin_of(hint) or hint) is ClassVar
