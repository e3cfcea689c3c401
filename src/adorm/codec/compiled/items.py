"""`StructCoder`: structured classes as M. For each class two functions are generated.

This is a generated decoder. `recover_1` is called only after a failure, so that the common case
costs nothing for the path in an error:

    def decode_map(content):
        try:
            f0 = content["pk"]["S"] + ""
        except Exception as error:
            f0 = recover_0(content, error)
        try:
            item = get("total")
            f1 = default_1 if item is None else Decimal(item["N"] + "")
        except Exception as error:
            f1 = recover_1(content, error)
        try:
            made = new(cls)
            init(made, pk=f0, total=f1)
        except Exception as error:
            raise refused(error, {"pk": f0, "total": f1})
        return made
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from adorm.codec.absence import FieldPlan, is_empty, recover
from adorm.codec.coders.coder import Coder, Decode, DecodeSource, Encode, EncodeSource, made_once
from adorm.codec.compiled.constructors import (
    is_made_by_init,
    is_name,
    only_sets_attributes,
    refusal_of,
)
from adorm.codec.compiled.writer import FunctionWriter, WriteLines
from adorm.codec.failures import DecodeFailure, EncodeFailure, article, reason_of, unexpected, wrong
from adorm.errors import AdormError
from adorm.schema.fields import MISSING, NOT_REQUIRED, Role
from adorm.schema.item_keys import ComputedAttributes, computed_attributes
from adorm.schema.model_options import HOOKS
from adorm.schema.structures import Structure, kind_of, structure_of


class StructCoder(Coder):
    """An attrs class, dataclass, TypedDict or NamedTuple."""

    plans: tuple[FieldPlan, ...] = ()

    def __init__(self, name: str, structure: Structure) -> None:
        # open-ended until its fields are known: a field of this same class is right to see it so
        cls = dict if structure.kind == "typeddict" else structure.cls
        super().__init__(name, frozenset({"M"}), (cls,), open_ended=True)
        self.structure = structure

    def take_plans(self, plans: tuple[FieldPlan, ...]) -> None:
        """Take the plans of the fields.

        They are made after the coder, as a field may be of the class itself.
        """
        self.plans = plans
        by_role = {plan.field.role: plan for plan in plans}
        updated_at = by_role.get(Role.UPDATED_AT)
        if updated_at is not None and not updated_at.optional:
            updated_at.created_at = by_role.get(Role.CREATED_AT)
        self.open_ended = any(plan.coder.open_ended for plan in plans)

    @made_once
    def encode(self) -> Encode:
        encode_map = self.encode_map

        def encode(value: Any) -> dict[str, Any]:
            return {"M": encode_map(value)}

        return encode

    @made_once
    def decode(self) -> Decode:
        decode_map = self.decode_map

        def decode(attribute_value: Any) -> Any:
            try:
                content = attribute_value["M"]
            except (KeyError, TypeError, IndexError) as error:
                raise unexpected("a map", attribute_value) from error
            return decode_map(content)

        return decode

    def encode_source(self) -> EncodeSource:
        return EncodeSource("", "{encode_map}({v})", {"encode_map": self.encode_map})

    def decode_source(self) -> DecodeSource:
        return DecodeSource("{decode_map}({p})", {"decode_map": self.decode_map})

    @property
    def computed(self) -> ComputedAttributes | None:
        """The attributes that items of the class have beside its fields; None for most classes."""
        return computed_attributes(self.structure.cls)

    def with_after_load(self, make: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """`make`, which makes instances of items, and then the `after_load` hooks of the class."""
        hooks = self.structure.cls.__dict__.get(HOOKS)
        if hooks is None or not hooks.after_load:
            return make
        from adorm.codec.compiled.loading import loading

        return loading(self.structure, hooks.after_load, make)

    @made_once
    def encode_item(self) -> Callable[[Any], dict[str, Any]]:
        """As `encode_map`, with the computed attributes of an item of a table."""
        computed = self.computed
        if computed is None:
            return self.encode_map
        from adorm.codec.compiled.computed import make_item_encoder

        return make_item_encoder(self.name, self.plans, self.write_encoder, computed)

    @made_once
    def encode_map(self) -> Callable[[Any], dict[str, Any]]:
        source = FunctionWriter("encode_map", "value")
        self.write_encoder(source)
        source.line("return content", 1)
        return source.function(f"encode {self.name}")

    def write_encoder(self, source: FunctionWriter) -> None:
        """Write the lines of an encoder, which make the attribute map `content` of `value`."""
        if self.structure.kind == "typeddict":
            source.line(f"{source.name('check', self._check_dict)}(value)", 1)
        else:
            source.line(f"if value.__class__ is not {source.name('cls', self.structure.cls)}:", 1)
            source.line(f"{source.name('check', self._check_instance)}(value)", 2)
        source.line("content = {}", 1)
        for index, plan in enumerate(self.plans):
            self._write_encode(source, index, plan)

    def _write_encode(self, source: FunctionWriter, index: int, plan: FieldPlan) -> None:
        field = plan.field
        source.line("try:", 1)
        source.line(f"item = {self._read(source, plan)}", 2)
        may_lack = not field.init or field.default is NOT_REQUIRED
        missing = f"item is {source.name('MISSING', MISSING)}" if may_lack else ""
        write_encoded(
            source,
            plan,
            "item",
            str(index),
            f"content[{field.attribute_name!r}] = ",
            2,
            missing=missing,
        )
        source.line("except Exception as error:", 1)
        source.line(f"raise {source.name('failed', _encode_failed)}(error, {field.name!r})", 2)

    def _read(self, source: FunctionWriter, plan: FieldPlan) -> str:
        field = plan.field
        if self.structure.kind == "typeddict":
            if field.required:
                return f"value[{field.name!r}]"
            return f"value.get({field.name!r}, {source.name('MISSING', MISSING)})"
        if not field.init:
            return f"getattr(value, {field.name!r}, {source.name('MISSING', MISSING)})"
        return f"value.{field.name}" if is_name(field.name) else f"getattr(value, {field.name!r})"

    def _check_instance(self, value: Any) -> None:
        """Refuse what is no instance, and an instance of a subclass with more fields."""
        structure = self.structure
        if not isinstance(value, structure.cls):
            raise wrong(article(structure.name), value)
        if kind_of(type(value)) is not None:
            fields = structure_of(type(value)).by_name
            more = [name for name in fields if name not in structure.by_name]
            if more:
                raise EncodeFailure(
                    f"{article(type(value).__name__)} has fields that {structure.name} has not, "
                    f"{', '.join(more)}, and they would be lost: "
                    f"annotate it as {type(value).__name__}, or as a union told apart by a "
                    "discriminator"
                )

    def _check_dict(self, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise wrong(f"{article(self.structure.name)} dict", value)
        # pyright takes it for Mapping[Unknown, Unknown]
        given = cast("Mapping[Any, Any]", value)  # type: ignore[redundant-cast]
        more = [key for key in given if key not in self.structure.by_name]
        if more:
            raise EncodeFailure(
                f"the key {more[0]!r:.80}, which {self.structure.name} does not have: it would be "
                "lost"
            )
        for field in self.structure.fields:
            if field.required and field.name not in given:
                raise EncodeFailure(f"the key {field.name!r} is missing")

    @made_once
    def decode_map(self) -> Callable[[Any], Any]:
        source = FunctionWriter("decode_map", "content")
        self.write_decoder(source)
        return source.function(f"decode {self.name}")

    def write_decoder(
        self,
        source: FunctionWriter,
        prepare: WriteLines | None = None,
        check: WriteLines | None = None,
    ) -> None:
        """Write the lines of a decoder, which make the instance of the attribute map `content`.

        Args:
            prepare: writes lines that may put another dict in the place of `content`.
            check: as for `write_made`.
        """
        source.line("if content.__class__ is not dict:", 1)
        source.line(f"content = {source.name('as_dict', _as_dict)}(content)", 2)
        if prepare is not None:
            prepare(source)
        source.line("get = content.get", 1)
        if any(stands_apart(plan) for plan in self.plans):
            source.line("more = {}", 1)
        for index, plan in enumerate(self.plans):
            self._write_decode(source, index, plan)
        self.write_made(source, check)

    def write_made(self, source: FunctionWriter, check: WriteLines | None = None) -> None:
        """Write the end of a decoder: make the instance of `f0`, `f1`, ... and `more`.

        `more` holds the fields that stand apart; the others are in the variables.

        Args:
            check: writes lines that look at the instance `made` and the `content` that it is of.
        """
        self._write_construction(source)
        if check is not None:
            check(source)
        source.line("return made", 1)

    def _write_construction(self, source: FunctionWriter) -> None:
        cls: Any = self.structure.cls
        if only_sets_attributes(cls) and not any(stands_apart(plan) for plan in self.plans):
            source.line(f"made = {source.name('new', cls.__new__)}({source.name('cls', cls)})", 1)
            for index, plan in enumerate(self.plans):
                source.line(f"made.{plan.field.name} = f{index}", 1)
            return
        given: list[str] = []
        values: list[str] = []
        later: list[str] = []
        for index, plan in enumerate(self.plans):
            field, variable = plan.field, f"f{index}"
            if not field.init:
                names = f"{field.name!r}, {variable}, {field.attribute_name!r}"
                later.append(f"if {variable} is not {source.name('MISSING', MISSING)}:")
                later.append(f"    {source.name('set_later', _set_later)}(made, {names})")
            elif not stands_apart(plan):
                given.append(f"{field.init_name}={variable}")
                values.append(f"{field.attribute_name!r}: {variable}")
        if any(stands_apart(plan) for plan in self.plans):
            given.append("**more")
        source.line("try:", 1)
        if is_made_by_init(cls):
            source.line(f"made = {source.name('new', cls.__new__)}({source.name('cls', cls)})", 2)
            source.line(f"{source.name('init', cls.__init__)}({', '.join(['made', *given])})", 2)
        else:
            source.line(f"made = {source.name('cls', cls)}({', '.join(given)})", 2)
        source.line("except Exception as error:", 1)
        refused = source.name("refused", partial(refusal_of, self.structure))
        source.line(f"raise {refused}(error, {{{', '.join(values)}}})", 2)
        for line in later:
            source.line(line, 1)

    def _write_decode(self, source: FunctionWriter, index: int, plan: FieldPlan) -> None:
        field = plan.field
        needed = field.required and not plan.of_set and field.init
        null_first = plan.null_first
        item = "item" if not needed or null_first else f"content[{field.attribute_name!r}]"
        value = source.decoded(plan.coder, item, str(index))
        if null_first:
            value = f'None if "NULL" in item else {value}'
        target = f"more[{field.init_name!r}]" if stands_apart(plan) and field.init else f"f{index}"
        source.line("try:", 1)
        if item == "item":
            name = repr(field.attribute_name)
            source.line(f"item = content[{name}]" if needed else f"item = get({name})", 2)
        if needed:
            source.line(f"{target} = {value}", 2)
        elif field.init and (field.default_takes_self or field.default is NOT_REQUIRED):
            source.line("if item is not None:", 2)
            source.line(f"{target} = {value}", 3)
        else:
            default = self.default(source, index, plan)
            source.line(f"{target} = {default} if item is None else {value}", 2)
        source.line("except Exception as error:", 1)
        recover_field = source.name(f"recover_{index}", partial(recover, plan))
        source.line(f"{target} = {recover_field}(content, error)", 2)

    def default(self, source: FunctionWriter, index: int, plan: FieldPlan) -> str:
        """An expression for what an absent attribute reads as."""
        field = plan.field
        if not field.init:
            return source.name("MISSING", MISSING)  # the constructor has set it
        if field.default is None or type(field.default) in (bool, int):
            return repr(field.default)
        if field.factory in (list, dict, set):
            return f"{field.factory.__name__}()"
        if field.default is not MISSING:
            return source.name(f"default_{index}", field.default)
        return f"{source.name(f'absent_{index}', plan.absent)}()"


def write_encoded(
    source: FunctionWriter,
    plan: FieldPlan,
    value: str,
    hint: str,
    target: str,
    indent: int,
    *,
    missing: str = "",
    absent: str = "pass",
) -> None:
    """Write lines that encode the value of a field.

    Args:
        value: the variable that holds it.
        hint: makes the names of the field's objects different from those of other fields.
        target: the left side that the attribute value is assigned to: `w0 = `.
        missing: a test that is true where there is no value to encode.
        absent: the statement for such a value, and for one that is stored as absence.
    """
    null = target + "{'NULL': True}"
    branches = [(missing, absent)] if missing else []
    if plan.on_none != "encode":
        branches.append((f"{value} is None", absent if plan.on_none == "absent" else null))
    if plan.of_set and plan.on_empty_set != "encode":
        empty = f"not {value} and {source.name(f'is_empty_set_{hint}', plan.is_empty_set)}({value})"
        if plan.on_empty_set == "refuse":
            branches.append((empty, f"{source.name(f'refuse_{hint}', plan.encode)}({value})"))
        else:
            branches.append((empty, absent if plan.on_empty_set == "absent" else null))
    if plan.omit_empty:
        branches.append((f"not {value} and {source.name('is_empty', is_empty)}({value})", absent))
    for number, (test, action) in enumerate(branches):
        source.line(f"{'elif' if number else 'if'} {test}:", indent)
        source.line(action, indent + 1)
    if branches:
        source.line("else:", indent)
    source.line(target + source.encoded(plan.coder, value, hint), indent + bool(branches))


def stands_apart(plan: FieldPlan) -> bool:
    """Whether a field is not always an argument of the constructor, or has no usable name."""
    field = plan.field
    return (
        not field.init
        or field.default_takes_self
        or field.default is NOT_REQUIRED
        or not is_name(field.init_name)
    )


def _as_dict(content: Any) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        raise unexpected("a map", content)
    return dict(content)  # pyright: ignore[reportUnknownArgumentType]  # JSON


def _encode_failed(error: Exception, field_name: str) -> Exception:
    """The error that is raised where a field could not be encoded."""
    if isinstance(error, EncodeFailure):
        return error.under(field_name)
    if isinstance(error, (AdormError, RecursionError)):
        return error
    failure = EncodeFailure(f"it can't be read: {type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure.under(field_name)


def _set_later(instance: Any, name: str, value: Any, attribute_name: str) -> None:
    """Set a field that the constructor does not take; also where the instance is frozen."""
    try:
        try:
            setattr(instance, name, value)
        except AttributeError:
            object.__setattr__(instance, name, value)
    except Exception as error:  # validators run on setting
        raise DecodeFailure(f"refused by {type(instance).__name__}: {reason_of(error)}").under(
            attribute_name
        ) from error
