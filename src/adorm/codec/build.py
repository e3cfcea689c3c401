"""From annotations to coders."""

from __future__ import annotations

import types
from collections import abc, deque
from collections.abc import Callable
from enum import Enum
from inspect import isabstract
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, Union, get_args

from adorm.codec.absence import FieldPlan
from adorm.codec.coders.choices import EnumCoder, LiteralCoder
from adorm.codec.coders.coder import BUILDING, Coder, LateCoder, UnknownCoder
from adorm.codec.coders.containers import ListCoder, MapCoder, TupleCoder
from adorm.codec.coders.hooks import HookCoder, Hooks, hooks_of
from adorm.codec.coders.scalar import ScalarCoder
from adorm.codec.coders.scalars import EPOCH_SECONDS, WHOLE_EPOCH_SECONDS, scalar_coder
from adorm.codec.coders.sets import SetCoder
from adorm.codec.coders.unions import (
    OptionalCoder,
    StructUnionCoder,
    UnionCoder,
    check_distinct,
    check_none,
    members_of,
    merged,
)
from adorm.codec.coders.untyped import AnyCoder
from adorm.codec.compiled.items import StructCoder
from adorm.codec.failures import EncodeFailure
from adorm.errors import ModelError
from adorm.schema.fields import DatetimeFormat, Field, Role
from adorm.schema.structures import kind_of, structure_of
from adorm.schema.types import Annotation, origin_of, peel, type_name, union_of, unwrap

if TYPE_CHECKING:
    import cattrs

_LISTS: dict[Any, tuple[tuple[type, ...], Any]] = {
    list: ((list,), None),
    abc.MutableSequence: ((list,), None),
    abc.Sequence: ((list, tuple), None),
    abc.Collection: ((list, tuple), None),
    abc.Iterable: ((list, tuple), None),
    deque: ((deque,), deque),
}
"""Types stored as L, with the classes they take and what to make of a list that was read."""

_SETS: dict[Any, Any] = {set: set, frozenset: frozenset, abc.Set: set, abc.MutableSet: set}
"""Types stored as sets, and what to make of one that was read."""

_MAPS = (dict, abc.Mapping, abc.MutableMapping)


class Builder:
    """Makes coders and keeps them.

    Args:
        converter: where the user's hooks are.
        json: for JSON fields, where DynamoDB's limits of numbers do not hold.
        lenient: whether an unknown class is taken for one that some database has hooks for.
        truncate: whether times that are finer than a microsecond are read all the same.
        datetime_format: how the texts of datetimes end.
        default_format: how those end of fields that say nothing; the same by default.
        relatives: the builders of the same converter for fields that want it otherwise.
    """

    def __init__(
        self,
        converter: cattrs.Converter | None,
        *,
        json: bool = False,
        lenient: bool = False,
        truncate: bool = False,
        datetime_format: DatetimeFormat = "Z",
        default_format: DatetimeFormat | None = None,
        relatives: dict[tuple[bool, DatetimeFormat], Builder] | None = None,
    ) -> None:
        self._converter = converter
        self._json = json
        self._lenient = lenient
        self._truncate = truncate
        self._datetime_format: DatetimeFormat = datetime_format
        self._default_format: DatetimeFormat = default_format or datetime_format
        self._relatives = {} if relatives is None else relatives
        self._relatives[truncate, datetime_format] = self
        self._coders: dict[Any, Coder] = {}
        self.plans: dict[Field, FieldPlan] = {}
        """What is done with fields, as far as it was asked for: `plan` makes them."""
        self._fresh: dict[Any, Coder] = {}
        self._fresh_plans: dict[Field, FieldPlan] = {}
        self.memo: dict[Any, Any] = {}
        """What was made of its coders elsewhere."""
        self._depth = 0
        self._json_twin: Builder | None = None
        self._values_any = AnyCoder(self._value_coder, json=False)
        self._any = AnyCoder(self._class_coder, json=json)

    def coder(self, annotation: Annotation, where: str) -> Coder:
        """The coder of a type.

        Raises:
            ModelError: the type, or one inside it, can't be stored; `where` names class and field.
        """
        with BUILDING, _Building(self):
            try:
                known = self._coders.get(annotation) or self._fresh.get(annotation)
            except TypeError:  # unhashable, as Annotated with a list in it
                return self._build(annotation, where, keep=False)
            if known is None:
                known = self._fresh[annotation] = self._build(annotation, where, keep=True)
            return known

    def known(self, annotation: Annotation) -> Coder | None:
        """The coder of a type, if it has been built."""
        try:
            return self._coders.get(annotation)
        except TypeError:
            return None

    def plan(self, field: Field, owner: str) -> FieldPlan:
        """What is done with a field.

        Raises:
            ModelError: its type can't be stored, or its marker does not go with it.
        """
        known = self.plans.get(field)
        if known is not None:
            return known
        with BUILDING, _Building(self):
            plan = self._fresh_plans[field] = self._plan(field, owner)
            return plan

    def entered(self) -> None:
        """One more coder is being built."""
        self._depth += 1

    def left(self, *, complete: bool) -> None:
        """It is done. What was built is kept only when all of it is: a coder may hold one that is
        not ready."""
        self._depth -= 1
        if self._depth == 0:
            if complete:
                self._coders.update(self._fresh)
                self.plans.update(self._fresh_plans)
            else:
                for relative in self._relatives.values():  # they may hold what was never finished
                    relative.forget()
            self._fresh.clear()
            self._fresh_plans.clear()

    def forget(self) -> None:
        """Build everything anew."""
        self._coders.clear()
        self.plans.clear()

    def relative(self, truncate: bool, datetime_format: DatetimeFormat) -> Builder:
        """The builder for fields that want this of their times."""
        known = self._relatives.get((truncate, datetime_format))
        return known or Builder(
            self._converter,
            json=self._json,
            lenient=self._lenient,
            truncate=truncate,
            datetime_format=datetime_format,
            default_format=self._default_format,
            relatives=self._relatives,
        )

    def for_values_in(self, field: Field) -> Builder:
        """The builder for what lies in a field, as it says."""
        marker = field.marker
        return self.relative(
            self._truncate or marker.truncate, marker.datetime_format or self._default_format
        )

    def _class_coder(self, cls: type) -> Coder:
        return self.coder(cls, type_name(cls))

    def _value_coder(self, cls: type) -> Coder:
        """For the values of enums and literals: hooks for text and numbers are not meant for
        them."""
        plain = scalar_coder(cls) if cls in (str, int, bool, float, bytes) else None
        return plain or self._class_coder(cls)

    def _hooks(self, annotation: Annotation) -> Hooks:
        return (
            Hooks(None, None) if self._converter is None else hooks_of(self._converter, annotation)
        )

    def _build(self, annotation: Annotation, where: str, *, keep: bool) -> Coder:
        hooks = self._hooks(annotation)
        if not hooks:
            return self._own(annotation, where, keep=keep)
        coder = HookCoder(type_name(annotation), annotation, hooks)
        if keep:
            self._fresh[annotation] = coder
        if hooks.unstructure is None or hooks.structure is None:
            try:
                coder.own = self._own(annotation, where, keep=False)
            except ModelError as error:
                lacking = "unstructure" if hooks.unstructure is None else "structure"
                raise ModelError(
                    f"{where}: {coder.name} has hooks, but no {lacking} hook: register that one "
                    "too on the database's converter"
                ) from error
        return coder

    def _own(self, annotation: Annotation, where: str, *, keep: bool) -> Coder:
        inner = peel(annotation)
        if inner is not annotation:
            late = LateCoder(type_name(annotation))
            if keep:
                self._fresh[annotation] = late
            late.target = self.coder(inner, where)
            return late.target
        if annotation is Any or annotation is object:
            return self._any
        if annotation is None or annotation is type(None):
            return LiteralCoder((None,), self._values_any)
        if isinstance(annotation, TypeVar):
            return self.coder(annotation.__bound__ or Any, where)
        origin = origin_of(annotation)
        if origin in (Union, types.UnionType):
            return self._union(annotation, where)
        if origin is Literal:
            return self._choice(
                lambda: LiteralCoder(get_args(annotation), self._values_any), annotation, where
            )
        return self._class(annotation, origin or annotation, where, keep=keep)

    def _class(self, annotation: Annotation, cls: Any, where: str, *, keep: bool) -> Coder:
        if isinstance(cls, type) and issubclass(cls, Enum):
            return self._choice(lambda: EnumCoder(cls, self._values_any), annotation, where)
        if kind_of(annotation) is not None:
            if (
                self._datetime_format != self._default_format
            ):  # it is said of one field, and these have their own say
                return self.relative(self._truncate, self._default_format).coder(annotation, where)
            return self._struct(annotation, keep=keep)
        container = self._container(annotation, cls, where)
        if container is not None:
            return container
        if not isinstance(cls, type):
            hint = ": name the class itself" if annotation is Self else ""
            raise ModelError(
                f"{where}: {type_name(annotation)} is no type that can be stored{hint}"
            )
        scalar = scalar_coder(
            cls, json=self._json, truncate=self._truncate, datetime_format=self._datetime_format
        )
        if scalar is not None:
            return scalar
        if self._lenient:
            return UnknownCoder(type_name(annotation), None, (cls,))
        raise ModelError(
            f"{where}: {type_name(annotation)} can't be stored: make it an attrs class or a "
            "dataclass, "
            f"or register hooks for it, db.converter.register_unstructure_hook({cls.__name__}, "
            "...) and register_structure_hook"
        )

    def _choice(self, make: Callable[[], Coder], annotation: Annotation, where: str) -> Coder:
        try:
            return make()
        except EncodeFailure as failure:
            if self._lenient:
                return UnknownCoder(type_name(annotation), None)
            raise ModelError(
                f"{where}: a value of {type_name(annotation)} can't be stored: {failure.problem}"
            ) from failure

    def _struct(self, annotation: Annotation, *, keep: bool) -> Coder:
        structure = structure_of(annotation)
        coder = StructCoder(type_name(annotation), structure)
        if keep:
            self._fresh[annotation] = coder
        coder.planned(tuple(self.plan(field, structure.name) for field in structure.fields))
        return coder

    def _container(self, annotation: Annotation, cls: Any, where: str) -> Coder | None:
        name, arguments = type_name(annotation), get_args(annotation)
        if cls in _LISTS:
            classes, make = _LISTS[cls]
            return ListCoder(
                name, self.coder(arguments[0] if arguments else Any, where), classes, make
            )
        if cls is tuple:
            if annotation is tuple or (len(arguments) == 2 and arguments[1] is Ellipsis):
                return ListCoder(
                    name,
                    self.coder(arguments[0] if arguments else Any, where),
                    (tuple,),
                    tuple,
                    article="a tuple",
                )
            return TupleCoder(name, [self.coder(argument, where) for argument in arguments])
        if cls in _SETS:
            if arguments:
                _check_hashable(arguments[0], f"{where}: the elements of {name}", "use a list")
            element = self.coder(arguments[0] if arguments else Any, where)
            return SetCoder(name, element, (set, frozenset), _SETS[cls], untyped=not arguments)
        if cls in _MAPS:
            key = self._map_key(annotation, arguments[0], where) if arguments else None
            return MapCoder(
                name, key, self.coder(arguments[1] if arguments else Any, where), json=self._json
            )
        return None

    def _map_key(self, annotation: Annotation, key: Annotation, where: str) -> Coder | None:
        _check_hashable(key, f"{where}: the keys of {type_name(annotation)}", "use a list of pairs")
        try:
            coder = self.coder(key, where)
        except ModelError as error:
            raise ModelError(
                f"{where}: the keys of {type_name(annotation)} have to be text: {error}"
            ) from error
        if coder is self._any or (isinstance(coder, ScalarCoder) and coder.classes == (str,)):
            return None
        is_text = isinstance(
            coder, (ScalarCoder, EnumCoder, LiteralCoder)
        ) and coder.tags == frozenset({"S"})
        if is_text or isinstance(coder, HookCoder):
            return coder
        if self._lenient and isinstance(unwrap(key), type):
            return None  # a database may have hooks for it
        raise ModelError(
            f"{where}: the keys of {type_name(annotation)} have to be text, as those of "
            "DynamoDB's maps are: "
            f"use str or a type that is stored as text (S), or register hooks for {type_name(key)}"
        )

    def _union(self, annotation: Annotation, where: str) -> Coder:
        rest, optional = members_of(annotation)
        name = " | ".join(type_name(member) for member in rest)
        if any(unwrap(member) in (Any, object) for member in rest):
            return self._any
        coders = merged([self.coder(member, where) for member in rest], rest, self._values_any)
        structs = [coder for coder in coders if isinstance(coder, StructCoder)]
        if len(structs) > 1:
            together = StructUnionCoder(
                " | ".join(coder.name for coder in structs), where, structs, self._values_any
            )
            coders = [*(coder for coder in coders if coder not in structs), together]
        if not (self._lenient and any(coder.tags is None for coder in coders)):
            check_distinct(where, name, coders)
        coder = coders[0] if len(coders) == 1 else UnionCoder(name, coders)
        if optional:
            check_none(coders, where)
        return OptionalCoder(coder) if optional else coder

    def _plan(self, field: Field, owner: str) -> FieldPlan:
        where = f"{owner}.{field.name}"
        marker = field.marker
        builder = self.for_values_in(field)
        if builder is not self:
            return builder.plan(field, owner)
        annotation, optional = self._without_none(field.type)
        if field.role is Role.TTL:
            coder = self._ttl(annotation, where)
        elif marker.as_json:
            coder = self._as_json(annotation, where)
        elif marker.as_set:
            coder = self._as_set(annotation, where)
        else:
            coder = self.coder(annotation, where)
        if optional:
            check_none([coder], where)
        untyped = coder is self._any or (marker.as_json and unwrap(annotation) in (Any, object))
        return FieldPlan(field, owner, coder, optional=optional or untyped)

    def _without_none(self, annotation: Annotation) -> tuple[Annotation, bool]:
        """The type of a field without its None, and whether there was one; a hook for the whole has
        its way."""
        outer = annotation
        while not self._hooks(annotation):
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

    def _ttl(self, annotation: Annotation, where: str) -> Coder:
        cls = unwrap(annotation)
        if not isinstance(cls, type) or cls.__name__ not in ("datetime", "int"):
            raise ModelError(
                f"{where} is the ttl, so it is `datetime | None` or `int | None`, not "
                f"{type_name(annotation)}"
            )
        return ScalarCoder("ttl", WHOLE_EPOCH_SECONDS if issubclass(cls, int) else EPOCH_SECONDS)

    def _as_json(self, annotation: Annotation, where: str) -> Coder:
        from adorm.codec.plain import JsonCoder

        if self._json_twin is None:
            self._json_twin = Builder(
                self._converter,
                json=True,
                lenient=self._lenient,
                truncate=self._truncate,
                datetime_format=self._datetime_format,
            )
        coder = self._json_twin.coder(annotation, where)
        cls = unwrap(annotation)
        origin = origin_of(cls) or cls
        arguments = get_args(cls)
        untyped: type | None = None
        if origin in (Any, object):
            untyped = object
        elif (
            origin in (dict, list)
            and (not arguments or arguments in ((str, Any), (Any,)))
            and not self._hooks(cls)
        ):
            untyped = origin
        return JsonCoder(coder, untyped=untyped)

    def _as_set(self, annotation: Annotation, where: str) -> Coder:
        coder = self.coder(annotation, where)
        if isinstance(coder, SetCoder):
            return coder
        if not isinstance(coder, ListCoder):
            raise ModelError(
                f"{where}: as_set goes with a list or a tuple of any length, not with "
                f"{type_name(annotation)}"
            )
        made = SetCoder(
            coder.name,
            coder.element,
            coder.classes,
            tuple if tuple in coder.classes and list not in coder.classes else list,
        )
        if made.set_tag is None and coder.element.tags is not None:
            raise ModelError(
                f"{where}: as_set goes with elements that are stored as text, numbers or bytes, "
                f"not with {coder.element.name}"
            )
        return made


def _check_hashable(annotation: Annotation, what: str, remedy: str) -> None:
    """Refuse what no set can hold and no dict can have as a key; a hook could not read one either.

    Raises:
        ModelError: instances of the class have no hash.
    """
    bare = unwrap(annotation)
    cls = origin_of(bare) or bare
    if isinstance(cls, type) and cls.__hash__ is None and not isabstract(cls):
        raise ModelError(
            f"{what} need a hash, and {type_name(annotation)} has none: make it a frozen class, "
            f"or {remedy}"
        )


class _Building:
    """The block in which one coder is built."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def __enter__(self) -> None:
        self._builder.entered()

    def __exit__(self, error_type: object, *_: object) -> None:
        self._builder.left(complete=error_type is None)


def check_type(field: Field, owner: str) -> None:
    """Find what can't be stored whatever hooks a database has.

    Args:
        owner: the name of the field's class.

    Raises:
        ModelError: the field's type can't be stored, or its marker does not go with it; `__cause__`
            is `UnresolvedName` where a class inside it still waits for a name.
    """
    Builder(None, lenient=True).plan(field, owner)
