"""`plan_field`: what is done with a field, as its type and its marker say."""

from __future__ import annotations

from typing import Any, Literal, get_args

from adorm.codec.absence import FieldPlan
from adorm.codec.coder_store import CoderStore
from adorm.codec.coders.coder import Coder
from adorm.codec.coders.containers import ListCoder
from adorm.codec.coders.scalar import ScalarCoder
from adorm.codec.coders.scalars import EPOCH_SECONDS, WHOLE_EPOCH_SECONDS
from adorm.codec.coders.sets import SetCoder
from adorm.codec.coders.unions import check_none, members_of
from adorm.errors import ModelError
from adorm.schema.fields import Field, Role
from adorm.schema.types import Annotation, origin_of, peel, type_name, union_of, unwrap


def plan_field(store: CoderStore, field: Field, owner: str) -> FieldPlan:
    """What is done with a field.

    Args:
        owner: the name of its class, for messages.
    """
    where = f"{owner}.{field.name}"
    marker = field.marker
    annotation, optional = _without_none(store, field.type)
    if field.role is Role.TTL:
        coder = _ttl_coder(annotation, where)
    elif marker.as_json:
        coder = _json_coder(store, annotation, where)
    elif marker.as_set:
        coder = _set_coder(store, annotation, where)
    else:
        coder = store.coder(annotation, where)
    if optional:
        check_none([coder], where)
    untyped = coder is store.any or (marker.as_json and unwrap(annotation) in (Any, object))
    return FieldPlan(field, owner, coder, optional=optional or untyped)


def _without_none(store: CoderStore, annotation: Annotation) -> tuple[Annotation, bool]:
    """The type of a field without its None, and whether there was one.

    Where a hook is registered for the whole type, None stays in it.
    """
    outer = annotation
    while not store.hooks(annotation):
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


def _json_coder(store: CoderStore, annotation: Annotation, where: str) -> Coder:
    from adorm.codec.plain import JsonCoder

    coder = store.json_store().coder(annotation, where)
    cls = unwrap(annotation)
    origin = origin_of(cls) or cls
    arguments = get_args(cls)
    untyped: type | None = None
    is_bare = not arguments or arguments in ((str, Any), (Any,))
    if origin in (Any, object):
        untyped = object
    elif origin in (dict, list) and is_bare and not store.hooks(cls):
        untyped = origin
    return JsonCoder(coder, untyped=untyped)


def _set_coder(store: CoderStore, annotation: Annotation, where: str) -> Coder:
    coder = store.coder(annotation, where)
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
