"""`@adorm.model`: an attrs class with what DynamoDB needs to know of it.

A model's metadata is built once, at class creation; behind a forward reference, at first use.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

import attrs

from adorm.codec.build import check_type
from adorm.errors import ModelError, UsageError
from adorm.schema.class_checks import check_role, check_roles
from adorm.schema.fields import Field, Role
from adorm.schema.indexes import GlobalIndex, LocalIndex
from adorm.schema.item_keys import COMPUTED, ComputedAttributes
from adorm.schema.key_declarations import (
    declared_key_fields,
    declared_keys,
)
from adorm.schema.markers import attribute, partition_key, sort_key
from adorm.schema.metaclass import PathMeta, made_class
from adorm.schema.model_keys import ModelKeys, plain_model_keys
from adorm.schema.model_options import (
    HOOKS,
    ModelOptions,
    has_hooks,
    item_entities,
    make_type_field,
    with_inherited,
)
from adorm.schema.structures import (
    Structure,
    UnresolvedName,
    structure_of,
    undecorated,
)
from adorm.schema.types import origin_of, type_name

if TYPE_CHECKING:
    from adorm.codec.item_models import ItemModels
    from adorm.expressions.document_path import DocumentPath
    from adorm.expressions.paths import Path
    from adorm.schema.single_table import SingleTable
    from adorm.schema.unique import UniqueConstraint

T = TypeVar("T")

INFO = "__adorm_info__"
OPTIONS = "__adorm_options__"


class ModelInfo:
    """What DynamoDB needs to know of a model with a key. There is one for each model."""

    def __init__(
        self,
        model: Any,
        structure: Structure,
        options: ModelOptions,
        keys: ModelKeys,
        type_field: Field | None,
    ) -> None:
        self.model = model
        """The class that users name, from which paths start. `map_class` makes one that is not the
        class of the instances."""
        self.name = str(model.__name__)
        self.structure = structure
        """The class of its instances, and its fields."""
        shared = options.single_table
        self.single_table = shared
        """The table, where it is one of several models."""
        self.table = options.table_name
        """The table's name; None where only `db.table(Order, name=...)` gives one."""
        self.is_abstract = options.abstract
        """Whether its items are those of its subclasses."""
        self.partition, self.sort = keys.partition, keys.sort
        """The attributes of the table's key: fields of the model, or computed of its parts."""
        self.key_fields = (self.partition,) if self.sort is None else (self.partition, self.sort)
        self.key_order = tuple(field.attribute_name for field in self.key_fields)
        """The key's attribute names, partition key first."""
        self.key_names = frozenset(self.key_order)
        self.key = keys.key
        """How the key's attributes are made of parts; None where they are plain fields."""
        self.parts = self.key_fields if keys.key is None else keys.key.parts
        """The fields whose values name an item, in the order of `Key.values`."""
        self.indexes = keys.indexes
        self.index_keys = tuple(keys.index_keys)
        """Its keys of indexes that are made of parts, in the order of their declaration."""
        self.readable_keys = keys.readable_keys
        """By index: the keys made of parts by which it can be read. An index on plain fields has
        none."""
        roles = {field.role: field for field in structure.fields}
        self.version = roles.get(Role.VERSION)
        self.ttl = roles.get(Role.TTL)
        self.created_at = roles.get(Role.CREATED_AT)
        self.updated_at = roles.get(Role.UPDATED_AT)
        self.deleted_at = roles.get(Role.DELETED_AT)
        self.type_field = type_field
        """The attribute that holds the entity, where it is none of the fields."""
        self.discriminator = roles.get(Role.DISCRIMINATOR) or type_field
        """The attribute that tells items of this model from those of other models in its table, a
        field or the table's type attribute; None for a model that shares its table with none, and
        where items are told apart by their keys."""
        self.unique: tuple[UniqueConstraint, ...] = ()
        """What no two items may have in common, see `adorm.schema.unique`."""
        self.entities = item_entities(options, roles.get(Role.DISCRIMINATOR), type_field)
        """What the type attribute of its items may hold; the first is written."""
        self.immutable = tuple([field for field in structure.fields if field.marker.immutable])
        """The fields that keep the value with which an item was created."""
        own = [*self.immutable, *([] if self.deleted_at is None else [self.deleted_at])]
        self.guarded_names = frozenset(
            [field.attribute_name for field in (*own, *keys.template_fields())]
        ).difference(self.key_names)
        """The attributes that an update can't change as it likes: immutable fields, the time of a
        deletion, parts of keys, and the key attributes that are made of them."""
        self.meets_others = self.discriminator is not None or shared is not None
        """Whether its table may hold items of other models, or guards of unique values."""
        attributes: tuple[attrs.Attribute[Any], ...] = (
            attrs.fields(structure.cls) if structure.kind == "attrs" else ()
        )
        self.validated = tuple(each for each in attributes if each.validator is not None)
        """The attrs attributes that have validators."""
        self.holds_all_in_dict = not any(
            base.__dict__.get("__slots__") for base in structure.cls.__mro__
        )
        """Whether all values of an instance are in its `__dict__`."""
        self._paths: dict[Field, DocumentPath] = {}
        self._item_models: tuple[int, ItemModels[ModelInfo]] | None = None
        self.siblings: tuple[int, bool] | None = None
        """Kept by `adorm.items.kinds`: whether other models of the table can have its keys."""

    @property
    def item_models(self) -> ItemModels[ModelInfo]:
        """The models whose items it reads: itself, or of an abstract model its subclasses."""
        table = self.single_table
        revision = 0 if table is None else table.revision
        if self._item_models is None or self._item_models[0] != revision:
            from adorm.codec.item_models import ItemModels

            models = [self]
            if self.is_abstract and table is not None:
                models = [model_info(cls) for cls in table.models if issubclass(cls, self.model)]
            name = None if self.discriminator is None else self.discriminator.attribute_name
            self._item_models = revision, ItemModels(models, name)
        return self._item_models[1]

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy is the same object, also where a key is copied or sent to another process.
        return model_info, (self.model,)

    def path_of(self, field: Field) -> DocumentPath:
        """The document path of a field of this model; always the same object."""
        known = self._paths.get(field)
        if known is None:
            from adorm.expressions.document_path import root_path

            known = self._paths[field] = root_path(self.model, field)
        return known

    def check_instance(self, instance: object) -> None:
        """Refuse all but instances of exactly this model: fields of a subclass would be lost."""
        if type(instance) is not self.structure.cls or self.is_abstract:
            if self.is_abstract:
                known = " or ".join(each.name for each in self.item_models.models) or "none so far"
                raise UsageError(
                    f"{self.name} is abstract: an instance of one of its subclasses is expected, "
                    f"{known}, not {type(instance).__name__}"
                )
            hint = "use the table of its own model"
            own: Any = type(instance)
            if (
                issubclass(own, self.structure.cls)
                and OPTIONS not in own.__dict__
                and hasattr(own, OPTIONS)
            ):
                hint = f"{undecorated(own)}, and use its own table"
            raise UsageError(f"an instance of {self.name} is expected, not {own.__name__}: {hint}")


def is_instance(info: ModelInfo, given: object) -> bool:
    """Whether an argument that may be a key is an instance instead: of the model, of a subclass or
    of another model with a key. `check_instance` refuses the last two.
    """
    return isinstance(given, info.structure.cls) or hasattr(type(given), INFO)


class ModelMeta(PathMeta, type):
    """The metaclass of models: it makes paths, and a schema where pydantic asks for one."""

    def __adorm_path__(cls, field: Field) -> Path:
        # The expressions are loaded here: a process that reads and writes by key needs none.
        from adorm.expressions.document_path import root_path
        from adorm.expressions.paths import Path

        return Path(root_path(cls, field))

    def __adorm_key_field__(cls, name: str, instance: object) -> Any:
        """A key attribute that is declared with a template: its path, or its value."""
        from adorm.codec.key_values import key_field_value

        return key_field_value(cls, model_info(cls).key, name, instance)

    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Pydantic calls this, and so does FastAPI: a model can be a field of their models, and
        the answer of an endpoint."""
        from adorm.codec.pydantic_schemas import core_schema_of

        return core_schema_of(source, handler)


@overload
@dataclass_transform(
    field_specifiers=(attribute, partition_key, sort_key, attrs.field), kw_only_default=True
)
def model(cls: type[T], /) -> type[T]: ...
@overload
@dataclass_transform(
    field_specifiers=(attribute, partition_key, sort_key, attrs.field), kw_only_default=True
)
def model(
    *,
    table: str | SingleTable | None = ...,
    entity: str | Sequence[str] | None = ...,
    indexes: Sequence[GlobalIndex | LocalIndex] = ...,
    naming: str | Callable[[str], str] | None = ...,
    frozen: bool = ...,
    abstract: bool = ...,
    unique: Sequence[str] | None = ...,
) -> Callable[[type[T]], type[T]]: ...
def model(
    cls: type[T] | None = None,
    /,
    *,
    table: str | SingleTable | None = None,
    entity: str | Sequence[str] | None = None,
    indexes: Sequence[GlobalIndex | LocalIndex] | None = None,
    naming: str | Callable[[str], str] | None = None,
    frozen: bool = False,
    abstract: bool = False,
    unique: Sequence[str] | None = None,
) -> Any:
    """Make an attrs class with a keyword-only constructor, and typed paths on the class.

    Args:
        table: the table's name, or the `SingleTable` that it shares with other models. A model
            without one is a nested value, or gets its table by `db.table(Order, name=...)`.
        entity: what the type attribute of a `SingleTable` holds for its items; by default the name
            of the class. Of several texts the first is written, and all are read.
        indexes: the secondary indexes; a subclass without its own has its parent's, as with `table`
            and `naming`.
        naming: "camelCase", "PascalCase" or a function: how attribute names are made of field names
            that say no `name=`.
        frozen: instances can't be changed; writes return a new one.
        abstract: it has no items of its own, and stands for its subclasses: `db.table(Account)`
            reads each item as the subclass that it is.
        unique: texts such as `"SLUG#{org_id}#{slug:lower}"`, made of fields as those of `adorm.key`
            are. No two items have the same text; one with a None in it is not counted. For one
            field there is `adorm.attribute(unique=True)`.

    Raises:
        ModelError: a mistake in the definition, named by class and field.
    """
    if isinstance(unique, str):
        raise ModelError(f"unique= is a list of texts: write unique=[{unique!r}]")
    entities = (entity,) if isinstance(entity, str) else tuple(entity or ())
    # classes inside functions name their neighbours
    namespace = sys._getframe(1).f_locals  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def decorate(cls: type[T]) -> type[T]:
        options = ModelOptions(
            table,
            None if indexes is None else tuple(indexes),
            entities,
            abstract,
            None if unique is None else tuple(unique),
        )
        return _decorate(cls, namespace, options, naming, frozen)

    return decorate if cls is None else decorate(cls)


def _decorate(
    cls: type[T],
    namespace: Mapping[str, Any],
    given: ModelOptions,
    naming: str | Callable[[str], str] | None,
    frozen: bool,
) -> type[T]:
    made = made_class(cls, ModelMeta, namespace, naming, frozen=frozen)
    name = cls.__name__
    options = with_inherited(given, getattr(made, OPTIONS, None), name)
    type.__setattr__(made, OPTIONS, options)
    if has_hooks(made):
        from adorm.schema.hooks import hooks_of

        type.__setattr__(made, HOOKS, hooks_of(made))
    has_key = bool(declared_keys(made) or declared_key_fields(made))
    has_table = options.table is not None or bool(options.indexes)
    check_roles(made, has_table=has_table, has_key=has_key or options.abstract)
    if options.single_table is not None:
        options.single_table.add(made)
    try:
        build_info(made, options)
    except ModelError as error:
        if not isinstance(error.__cause__, UnresolvedName):  # a forward reference: at first use
            raise
    return made


def build_info(cls: Any, options: ModelOptions) -> ModelInfo | None:
    structure = structure_of(cls)
    for field in structure.fields:
        check_role(structure.name, field)
        check_type(field, structure.name)
    type_field = make_type_field(structure, options)
    indexes = options.indexes or ()
    is_shared = options.single_table is not None
    if is_shared or declared_keys(cls) or declared_key_fields(cls):
        from adorm.schema.template_model_keys import template_model_keys

        keys = template_model_keys(cls, structure, options.table, indexes, type_field)
    else:
        keys = plain_model_keys(structure, indexes)
    if keys is None:
        return None
    info = ModelInfo(cls, structure, options, keys, type_field)
    if options.unique or any(field.marker.unique for field in structure.fields):
        from adorm.schema.unique import unique_constraints

        entity = (info.entities or options.entity)[0]
        info.unique = unique_constraints(structure, options, keys, entity)
        info.meets_others = info.meets_others or bool(info.unique)
    if info.deleted_at is not None:
        keys.prepare_deletion(cls, info.deleted_at, is_shared=is_shared)
    for index in keys.indexes.values():
        for field in index.key_fields:
            field.is_key = True
    if keys.key is not None or keys.index_keys or type_field is not None or options.abstract:
        computed = ComputedAttributes(keys.key, keys.index_keys, type_field, info.entities)
        if options.abstract:
            computed.choose = lambda item: _model_of(info, item)
        if computed.fields or options.abstract:
            type.__setattr__(cls, COMPUTED, computed)
    type.__setattr__(cls, INFO, info)
    shared = options.single_table
    if shared is not None:
        from adorm.schema.table_models import check_beside_others

        others = [other.__dict__.get(INFO) for other in shared.models]
        check_beside_others(shared, info, [each for each in others if each is not None])
    return info


def _model_of(info: ModelInfo, attribute_map: Mapping[str, Any]) -> type[Any] | None:
    """The subclass of an abstract model that an item is of; None where it is of none."""
    found = info.item_models.find(attribute_map)
    return None if found is None else found.model


def model_info(model: Any) -> ModelInfo:
    """The `ModelInfo` of a model. Forward references are resolved now.

    Raises:
        UsageError: the class is no model, or none with a key.
        ModelError: a mistake in it that was behind a forward reference.
    """
    known: ModelInfo | None = model.__dict__.get(INFO) if isinstance(model, type) else None
    if known is not None:
        return known
    cls = origin_of(model) or model
    if not isinstance(cls, type):
        raise UsageError(f"a model class is expected, not {model!r}")
    if cls is not model:
        raise UsageError(
            f"{type_name(model)}: subclass it, `class {cls.__name__}Of...({type_name(model)})`, "
            "and decorate that with @adorm.model(table=...)"
        )
    info: ModelInfo | None = cls.__dict__.get(INFO)
    if info is None:
        options: ModelOptions | None = cls.__dict__.get(OPTIONS)
        if options is None and hasattr(cls, OPTIONS) and "__attrs_attrs__" not in cls.__dict__:
            raise UsageError(str(undecorated(cls)))
        if options is None:
            raise UsageError(
                f"{cls.__name__} is no model: decorate it with @adorm.model(table=...), "
                "or use adorm.map_class"
            )
        info = build_info(cls, options)
        if info is None:
            raise UsageError(
                f"{cls.__name__} has no partition key, so it is a nested value and has no table"
            )
    return info
