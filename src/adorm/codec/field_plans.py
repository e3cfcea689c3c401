"""`plan_field`: what is done with a field, as its type and its marker say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

from adorm.codec.absence import FieldPlan
from adorm.codec.coders.coder import Coder
from adorm.codec.coders.containers import ListCoder
from adorm.codec.coders.hooks import Hooks
from adorm.codec.coders.scalar import ScalarCoder
from adorm.codec.coders.scalars import EPOCH_SECONDS, WHOLE_EPOCH_SECONDS
from adorm.codec.coders.sets import SetCoder
from adorm.codec.coders.unions import check_none, members_of
from adorm.codec.coders.untyped import AnyCoder
from adorm.codec.container_types import CoderOf
from adorm.errors import ModelError
from adorm.schema.fields import Field, Role
from adorm.schema.types import Annotation, origin_of, peel, type_name, union_of, unwrap

HooksOf = Callable[[Annotation], Hooks]


def plan_field(
    field: Field, owner: str, coder_of: CoderOf, json_coder_of: CoderOf, hooks_of: HooksOf
) -> FieldPlan:
    """What is done with a field.

    Args:
        owner: the name of its class, for messages.
        json_coder_of: gives the coders of the values of JSON fields.
        hooks_of: gives the user's hooks for a type.
    """
    where = f"{owner}.{field.name}"
    marker = field.marker
    annotation, optional = _without_none(field.type, hooks_of)
    if field.role is Role.TTL:
        coder = _ttl_coder(annotation, where)
    elif marker.as_json:
        coder = _json_coder(annotation, where, json_coder_of, hooks_of)
    elif marker.as_set:
        coder = _set_coder(annotation, where, coder_of)
    else:
        coder = coder_of(annotation, where)
    if optional:
        check_none([coder], where)
    untyped = marker.as_json and unwrap(annotation) in (Any, object)
    optional = optional or untyped or isinstance(coder, AnyCoder)
    return FieldPlan(field, owner, coder, optional=optional)


def _without_none(annotation: Annotation, hooks_of: HooksOf) -> tuple[Annotation, bool]:
    """The type of a field without its None, and whether there was one.

    Where a hook is registered for the whole type, None stays in it.
    """
    outer = annotation
    while not hooks_of(annotation):
        inner = peel(annotation)
        if inner is annotation:
            break
        annotation = inner
    else:
        return annotation, False
    if origin_of(annotation) is Literal:
        return outer, None in get_args(annotation)
    rest, optional = members_of(annotation)
    if not optional or not rest:
        return outer, False
    return union_of(rest), True


def _ttl_coder(annotation: Annotation, where: str) -> Coder:
    cls = unwrap(annotation)
    if not isinstance(cls, type) or cls.__name__ not in ("datetime", "int"):
        raise ModelError(
            f"{where} is the ttl, so it is `datetime | None` or `int | None`, not "
            f"{type_name(annotation)}"
        )
    return ScalarCoder("ttl", WHOLE_EPOCH_SECONDS if issubclass(cls, int) else EPOCH_SECONDS)


def _json_coder(
    annotation: Annotation, where: str, json_coder_of: CoderOf, hooks_of: HooksOf
) -> Coder:
    from adorm.codec.plain import JsonCoder

    coder = json_coder_of(annotation, where)
    cls = unwrap(annotation)
    origin = origin_of(cls) or cls
    arguments = get_args(cls)
    untyped: type | None = None
    is_bare = not arguments or arguments in ((str, Any), (Any,))
    if origin in (Any, object):
        untyped = object
    elif origin in (dict, list) and is_bare and not hooks_of(cls):
        untyped = origin
    return JsonCoder(coder, untyped=untyped)


def _set_coder(annotation: Annotation, where: str, coder_of: CoderOf) -> Coder:
    coder = coder_of(annotation, where)
    if isinstance(coder, SetCoder):
        return coder
    if not isinstance(coder, ListCoder):
        raise ModelError(
            f"{where}: as_set goes with a list or a tuple of any length, not with "
            f"{type_name(annotation)}"
        )
    make = tuple if tuple in coder.classes and list not in coder.classes else list
    made = SetCoder(coder.name, coder.element, coder.classes, make)
    if made.set_tag is None and coder.element.tags is not None:
        raise ModelError(
            f"{where}: as_set goes with elements that are stored as text, numbers or bytes, "
            f"not with {coder.element.name}"
        )
    return made
