"""`json_schema`: the JSON Schema of models, 2020-12.

https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Flag
from typing import Any, Literal

from adorm.codec.absence import FieldPlan
from adorm.codec.build import Builder, BuildOptions
from adorm.codec.coders.choices import EnumCoder, LiteralCoder
from adorm.codec.coders.coder import Coder, LateCoder
from adorm.codec.coders.containers import ListCoder, MapCoder, TupleCoder
from adorm.codec.coders.scalar import ScalarCoder
from adorm.codec.coders.sets import SetCoder
from adorm.codec.coders.unions import OptionalCoder, StructUnionCoder, UnionCoder
from adorm.codec.compiled.items import StructCoder
from adorm.codec.plain import JsonCoder
from adorm.errors import UsageError
from adorm.exchange.names import Names, class_name
from adorm.exchange.schema_forms import ATTRIBUTE_VALUE, DynamoDBForm, PlainForm
from adorm.schema.fields import Field, Role
from adorm.schema.item_keys import computed_attributes
from adorm.schema.structures import structure_of
from adorm.schema.types import type_name

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(*models: type[Any], form: Literal["plain", "dynamodb"] = "plain") -> dict[str, Any]:
    """The JSON Schema of items, in the dialect 2020-12.

    An attribute is required where an item without it can't be read. Attributes that the model does
    not declare are refused. Of several models an item fits one. A nested class stands under `$defs`
    once.

    Args:
        models: models, or any other structured classes.
        form: "plain" is what `to_plain` gives; "dynamodb" is DynamoDB's JSON, `{"S": "x"}`, with
            the attributes that are no fields (keys that are made of parts, the type).

    Raises:
        UsageError: no model is given, or another form.
        ModelError: a type in them can't be stored without hooks.
    """
    if not models:
        raise UsageError("json_schema() takes at least one model")
    # unchecked callers
    if form not in ("plain", "dynamodb"):
        raise UsageError(f'form is "plain" or "dynamodb", not {form!r}')
    maker = _SchemaMaker(PlainForm() if form == "plain" else DynamoDBForm())
    references = [maker.item(model) for model in models]
    content = references[0] if len(references) == 1 else {"anyOf": references}
    return {"$schema": DIALECT, **content, "$defs": maker.definitions}


class _SchemaMaker:
    """Makes schemas of coders, and collects those of classes."""

    def __init__(self, form: PlainForm | DynamoDBForm) -> None:
        self._form = form
        self._builder = Builder(None, BuildOptions())
        self._names = Names({ATTRIBUTE_VALUE})
        self._references: dict[tuple[Coder, bool], str] = {}
        self.definitions: dict[str, Any] = {}
        """By name: the schemas that references lead to."""

    def item(self, model: type[Any]) -> Schema:
        """A reference to the schema of a model's items."""
        structure_of(model)
        coder = self._builder.coder(model, type_name(model))
        if not isinstance(coder, StructCoder):  # pragma: no cover  # a structure has no other
            raise UsageError(f"{type_name(model)} is no structured class")
        return self._reference(coder, model)

    def _reference(self, coder: StructCoder, model: type[Any] | None) -> Schema:
        """A reference to the map of a class. `model` is given for whole items, which may have
        attributes that are no fields."""
        is_item = model is not None and self._form.with_computed
        known = self._references.get((coder, is_item))
        if known is None:
            known = self._names.take(class_name(coder.name))
            self._references[coder, is_item] = known
            self.definitions[known] = {}  # its place: a class may hold itself
            self.definitions[known] = self._map(coder, model if is_item else None)
        return {"$ref": f"#/$defs/{known}"}

    def _map(self, coder: StructCoder, model: type[Any] | None) -> Schema:
        properties: dict[str, Schema] = {}
        required: list[str] = []
        for plan in coder.plans:
            name = plan.field.attribute_name
            properties[name] = self._field(plan)
            if _is_required(plan):
                required.append(name)
        computed = None if model is None else computed_attributes(model)
        if computed is not None:
            keys = () if computed.key is None else computed.key.sides
            required += [side.attribute_name for side in keys if side.is_computed]
            for field in computed.fields.values():
                properties[field.attribute_name] = self._computed(field, coder.structure.name)
        schema: Schema = {
            "title": coder.name,
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        }
        return {**schema, "required": required} if required else schema

    def _computed(self, field: Field, owner: str) -> Schema:
        if field.role is Role.DISCRIMINATOR:
            return self._form.choices([{"S": field.default}])
        return self._value(self._builder.plan(field, owner).coder)

    def _field(self, plan: FieldPlan) -> Schema:
        field = plan.field
        if field.role is Role.DISCRIMINATOR and isinstance(field.default, str):
            return self._form.choices([{"S": field.default}])
        schema = self._value(plan.coder)
        is_null = plan.optional or plan.on_empty_set == "null"
        return self._form.or_null(schema) if is_null else schema

    def _value(self, coder: Coder) -> Schema:
        form = self._form
        if isinstance(coder, LateCoder):
            return self._value(coder.target)
        if isinstance(coder, OptionalCoder):
            return form.or_null(self._value(coder.inner))
        if isinstance(coder, JsonCoder):
            return form.json_text()
        if isinstance(coder, (EnumCoder, LiteralCoder)):
            return self._choices(coder)
        if isinstance(coder, ScalarCoder):
            return form.scalar(coder.scalar)
        if isinstance(coder, StructCoder):
            return form.map(self._reference(coder, None))
        if isinstance(coder, (UnionCoder, StructUnionCoder)):
            return self._union(coder)
        return self._container(coder)

    def _container(self, coder: Coder) -> Schema:
        form = self._form
        if isinstance(coder, SetCoder):
            element = self._value(coder.element)
            return form.set(coder.set_tag, element) if coder.set_tag else form.list(element)
        if isinstance(coder, ListCoder):
            return form.list(self._value(coder.element))
        if isinstance(coder, TupleCoder):
            count = len(coder.elements)
            elements = [self._value(element) for element in coder.elements]
            return form.list(None, prefixItems=elements, minItems=count, maxItems=count)
        if isinstance(coder, MapCoder):
            content: Schema = {
                "type": "object",
                "additionalProperties": self._value(coder.value),
            }
            names = None if coder.key is None else _key_texts(coder.key)
            return form.map(content if names is None else {**content, "propertyNames": names})
        return form.anything(self.definitions)

    def _choices(self, coder: EnumCoder | LiteralCoder) -> Schema:
        stored: Mapping[Any, Any] = coder.stored
        if isinstance(coder, EnumCoder) and issubclass(coder.cls, Flag):
            return self._form.whole_number()  # combined flags
        return self._form.choices(list(stored.values()))

    def _union(self, coder: UnionCoder | StructUnionCoder) -> Schema:
        if isinstance(coder, UnionCoder):
            return {"anyOf": [self._value(member) for member in coder.members]}
        told_by: Schema = {"required": [coder.attribute_name]}
        members = [{"allOf": [self._reference(member, None), told_by]} for member in coder.members]
        return self._form.map({"anyOf": members})


def _is_required(plan: FieldPlan) -> bool:
    if plan.field.role is Role.UPDATED_AT and plan.created_at is not None:
        return False
    if plan.field.role in (Role.CREATED_AT, Role.UPDATED_AT):
        return not plan.optional
    return plan.field.required and plan.on_empty_set != "absent"


def _key_texts(coder: Coder) -> Schema | None:
    """The schema of the names in a map whose keys are no plain text; None where any text may be."""
    if isinstance(coder, (EnumCoder, LiteralCoder)):
        stored: Mapping[Any, Any] = coder.stored
        return {"enum": [value["S"] for value in stored.values()]}
    return PlainForm().scalar(coder.scalar) if isinstance(coder, ScalarCoder) else None
