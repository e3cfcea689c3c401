"""`Builder`: makes the coders of types."""

from __future__ import annotations

import types
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, Union, get_args

from adorm.codec.absence import FieldPlan
from adorm.codec.coders.choices import EnumCoder, LiteralCoder
from adorm.codec.coders.coder import BUILDING, Coder, LateCoder, UnknownCoder
from adorm.codec.coders.hooks import HookCoder, Hooks, hooks_of
from adorm.codec.coders.scalars import scalar_coder
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
from adorm.codec.container_types import container_coder
from adorm.codec.failures import EncodeFailure
from adorm.codec.field_plans import plan_field
from adorm.errors import ModelError
from adorm.schema.fields import DatetimeFormat, Field
from adorm.schema.structures import kind_of, structure_of
from adorm.schema.types import Annotation, origin_of, peel, type_name, unwrap
from adorm.support.records import Record

if TYPE_CHECKING:
    from types import TracebackType

    import cattrs


class BuildOptions(Record):
    """How types are stored."""

    json: bool = False
    """For JSON fields, where DynamoDB's limits of numbers do not hold."""
    lenient: bool = False
    """Takes an unknown class for one that some database has hooks for."""
    truncate: bool = False
    """Reads times that are finer than a microsecond, without the rest."""
    datetime_format: DatetimeFormat = "Z"
    """How the texts of datetimes end."""
    default_format: DatetimeFormat = "Z"
    """How those of fields end whose markers say nothing."""


class Builder:
    """Makes coders of types and plans of fields, and keeps them.

    Used as a block while a coder is built. What was built is kept when the outermost block ends
    without an error, as a coder may hold one that is not complete before that.

    Args:
        converter: where the user's hooks are.
        options: how types are stored.
        relatives: the builders of the same converter, this one included, by `truncate` and
            `datetime_format`: fields may want other options.
    """

    def __init__(
        self,
        converter: cattrs.Converter | None,
        options: BuildOptions,
        relatives: dict[tuple[bool, DatetimeFormat], Builder] | None = None,
    ) -> None:
        self._converter = converter
        self._options = options
        self._relatives = {} if relatives is None else relatives
        self._relatives[options.truncate, options.datetime_format] = self
        self._json_builder: Builder | None = None
        self._any = AnyCoder(self._class_coder, json=options.json)
        self._values_any = AnyCoder(self._value_coder, json=False)
        self.plans: dict[Field, FieldPlan] = {}
        """What is done with each field, as far as plans were made."""
        self.memo: dict[Any, Any] = {}
        """What other modules have made of the coders, under keys of theirs."""
        self._coders: dict[Any, Coder] = {}
        self._new_coders: dict[Any, Coder] = {}
        self._new_plans: dict[Field, FieldPlan] = {}
        self._depth = 0

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            if error_type is None:
                self._coders.update(self._new_coders)
                self.plans.update(self._new_plans)
            else:  # any builder may refer to what is not complete
                for relative in self._relatives.values():
                    relative.forget()
            self._new_coders.clear()
            self._new_plans.clear()

    def forget(self) -> None:
        """Drop every coder and plan; the next ones are built anew."""
        self._coders.clear()
        self.plans.clear()

    def known(self, annotation: Annotation) -> Coder | None:
        """The coder of a type that was built before."""
        try:
            return self._coders.get(annotation)
        except TypeError:  # unhashable, as Annotated with a list in it
            return None

    def coder(self, annotation: Annotation, where: str) -> Coder:
        """The coder of a type.

        Args:
            where: the class and the field, for messages: `Order.total`.

        Raises:
            ModelError: the type, or one inside it, can't be stored.
        """
        with BUILDING, self:
            try:
                known = self._coders.get(annotation) or self._new_coders.get(annotation)
            except TypeError:  # unhashable, as Annotated with a list in it
                return self._build(annotation, where, keep=False)
            if known is None:
                known = self._new_coders[annotation] = self._build(annotation, where, keep=True)
            return known

    def plan(self, field: Field, owner: str) -> FieldPlan:
        """What is done with a field.

        Args:
            owner: the name of its class, for messages.
        """
        known = self.plans.get(field)
        if known is not None:
            return known
        with BUILDING, self:
            builder = self.for_values_in(field)
            if builder is self:
                plan = plan_field(field, owner, self.coder, self._json_coder, self._hooks)
            else:
                plan = builder.plan(field, owner)
            self._new_plans[field] = plan
            return plan

    def for_values_in(self, field: Field) -> Builder:
        """The builder for the values in a field, with the options of its marker."""
        marker, options = field.marker, self._options
        return self._relative(
            options.truncate or marker.truncate, marker.datetime_format or options.default_format
        )

    def _hooks(self, annotation: Annotation) -> Hooks:
        if self._converter is None:
            return Hooks(None, None)
        return hooks_of(self._converter, annotation)

    def _json_coder(self, annotation: Annotation, where: str) -> Coder:
        """The coder of a value in a JSON field."""
        if self._json_builder is None:
            own = self._options
            ending = own.datetime_format
            options = BuildOptions(True, own.lenient, own.truncate, ending, ending)
            self._json_builder = Builder(self._converter, options)
        return self._json_builder.coder(annotation, where)

    def _relative(self, truncate: bool, datetime_format: DatetimeFormat) -> Builder:
        known = self._relatives.get((truncate, datetime_format))
        if known is not None:
            return known
        own = self._options
        options = BuildOptions(own.json, own.lenient, truncate, datetime_format, own.default_format)
        return Builder(self._converter, options, self._relatives)

    def _class_coder(self, cls: type) -> Coder:
        return self.coder(cls, type_name(cls))

    def _value_coder(self, cls: type) -> Coder:
        """The coder for a value of an enum or a literal.

        Hooks for `str`, `int` and other plain types are not meant for these.
        """
        plain = scalar_coder(cls) if cls in (str, int, bool, float, bytes) else None
        return plain or self._class_coder(cls)

    def _build(self, annotation: Annotation, where: str, *, keep: bool) -> Coder:
        hooks = self._hooks(annotation)
        if not hooks:
            return self._own(annotation, where, keep=keep)
        coder = HookCoder(type_name(annotation), annotation, hooks)
        if keep:
            self._new_coders[annotation] = coder
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
        """The coder of a type without hooks.

        Args:
            keep: whether to keep it before it is complete, so that a type that holds itself finds
                it.
        """
        inner = peel(annotation)
        if inner is not annotation:
            late = LateCoder(type_name(annotation))
            if keep:
                self._new_coders[annotation] = late
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
        options = self._options
        if isinstance(cls, type) and issubclass(cls, Enum):
            return self._choice(lambda: EnumCoder(cls, self._values_any), annotation, where)
        if kind_of(annotation) is not None:
            if options.datetime_format != options.default_format:
                # a field's own format is not that of the fields of a class inside it
                return self._relative(options.truncate, options.default_format).coder(
                    annotation, where
                )
            return self._struct(annotation, keep=keep)
        container = container_coder(
            annotation, cls, where, self.coder, json=options.json, lenient=options.lenient
        )
        if container is not None:
            return container
        if not isinstance(cls, type):
            hint = ": name the class itself" if annotation is Self else ""
            raise ModelError(
                f"{where}: {type_name(annotation)} is no type that can be stored{hint}"
            )
        scalar = scalar_coder(
            cls,
            json=options.json,
            truncate=options.truncate,
            datetime_format=options.datetime_format,
        )
        if scalar is not None:
            return scalar
        if options.lenient:
            return UnknownCoder(type_name(annotation), None, (cls,))
        raise ModelError(
            f"{where}: {type_name(annotation)} can't be stored: make it an attrs class or a "
            "dataclass, or register hooks for it, "
            f"db.converter.register_unstructure_hook({cls.__name__}, ...) and "
            "register_structure_hook"
        )

    def _choice(self, make: Callable[[], Coder], annotation: Annotation, where: str) -> Coder:
        try:
            return make()
        except EncodeFailure as failure:
            if self._options.lenient:
                return UnknownCoder(type_name(annotation), None)
            raise ModelError(
                f"{where}: a value of {type_name(annotation)} can't be stored: {failure.problem}"
            ) from failure

    def _struct(self, annotation: Annotation, *, keep: bool) -> Coder:
        structure = structure_of(annotation)
        coder = StructCoder(type_name(annotation), structure)
        if keep:
            self._new_coders[annotation] = coder
        coder.take_plans(tuple(self.plan(field, structure.name) for field in structure.fields))
        return coder

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
        if not (self._options.lenient and any(coder.tags is None for coder in coders)):
            check_distinct(where, name, coders)
        coder = coders[0] if len(coders) == 1 else UnionCoder(name, coders)
        if optional:
            check_none(coders, where)
        return OptionalCoder(coder) if optional else coder


def check_type(field: Field, owner: str) -> None:
    """Find what can't be stored, whatever hooks a database has.

    Args:
        owner: the name of the field's class.

    Raises:
        ModelError: the field's type can't be stored, or its marker does not go with it; `__cause__`
            is `UnresolvedName` where a class inside it still waits for a name.
    """
    Builder(None, BuildOptions(lenient=True)).plan(field, owner)
