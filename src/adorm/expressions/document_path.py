"""`DocumentPath`: where a value lies in an item: the attribute, and the steps into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set as AbstractSet
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Any, Protocol, get_args

from adorm.dynamodb.limits import MAX_NESTING
from adorm.errors import BadValue, UnknownField, UsageError
from adorm.schema.fields import Field
from adorm.schema.names import unknown_field
from adorm.schema.structures import kind_of, structure_of
from adorm.schema.types import (
    Annotation,
    origin_of,
    split_optional,
    type_name,
    union_members,
    unwrap,
)

MAX_REACHED = 128
"""The paths that a path keeps of those that were reached from it."""

_ROOT_PATHS = "__adorm_root_paths__"
"""Where a model keeps the paths of its fields. A table beside it would keep the model alive."""


class ExpressionPart:
    """The base of paths, sums, conditions and clauses: what is no plain value."""

    __slots__ = ()


def example_path(model: Any) -> str:
    """A path for messages: the last field of the user's model, `Order.total`. `Model.field` where
    `model` is None, because it is not known."""
    if model is None:
        return "Model.field"
    return f"{model.__name__}.{structure_of(model).fields[-1].name}"


class DocumentPath:
    """A document path, in attribute names: `("lines", 0, "price")`. It does not change.

    A path keeps the paths that were reached from it, so that the same path, reached again, is the
    same object. Shapes of expressions hold paths by identity.
    """

    __slots__ = (
        "__weakref__", "_reached", "annotation", "attribute_name", "field", "is_field",
        "is_kept", "is_top_level", "root", "spelled", "steps", "within",
    )  # fmt: skip

    def __init__(
        self,
        root: Any,
        steps: tuple[Step, ...],
        annotation: Annotation,
        field: Field | None = None,
        spelled: str = "",
        within: Field | None = None,
        *,
        is_kept: bool = False,
    ) -> None:
        self.root = root
        """The model that it starts from; None for an untyped path."""
        self.steps = steps
        self.annotation = annotation
        """The type of the value there; `Any` where it is not known."""
        self.field = field
        """The field that the last step names, if it is one: it knows how its value is stored."""
        self.spelled = spelled
        """As the user wrote it: `Order.lines[0].price`."""
        self.within = within
        """The nearest field that it lies in, where it is none itself."""
        self.is_kept = is_kept
        """Whether the same path, reached again, is this object."""
        self.attribute_name = str(steps[0])
        """The attribute of the item that it lies in."""
        self.is_top_level = len(steps) == 1
        """Whether it is that attribute itself."""
        self.is_field = field is not None and self.is_top_level
        """Whether it is a whole field of the item."""
        self._reached: dict[object, DocumentPath] = {}

    def __str__(self) -> str:
        return self.spelled

    __repr__ = __str__

    @property
    def element(self) -> Annotation:
        """The type of what a list or set there holds."""
        for member in union_members(split_optional(self.annotation)[0]):
            origin, arguments = origin_of(member), get_args(member)
            if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
                return Any
            is_class = isinstance(origin, type)
            if is_class and issubclass(origin, (Sequence, AbstractSet)) and arguments:
                return arguments[0]
        return Any

    def child(self, name: str) -> DocumentPath:
        """The field `name` of the structured value there.

        Raises:
            UnknownField: no such field, or what is there is stored as one JSON string. It is also
                an AttributeError, so that `getattr` with a default works.
        """
        known = self._reached.get(name)
        return known if known is not None else self._keep(name, self._find_child(name))

    def _keep(self, key: object, path: DocumentPath) -> DocumentPath:
        if len(self._reached) >= MAX_REACHED:
            self._reached.clear()  # map keys come from users: there is no end of them
        path.is_kept = self.is_kept
        self._reached[key] = path
        return path

    def _find_child(self, name: str) -> DocumentPath:
        self._refuse_json(f".{name}", UnknownField)
        value = self._value_type()
        if value is Any:
            return self._step(name, Any, None, f".{name}")
        known: list[str] = []
        for member in union_members(value):
            if kind_of(member) is None:
                continue
            structure = structure_of(member)
            field = structure.by_name.get(name)
            if field is not None:
                return self._step(field.attribute_name, field.type, field, f".{name}")
            known.extend(structure.by_name)
        if not known:
            raise UnknownField(
                f"{self} is {type_name(self.annotation)}, which has no fields, "
                f"so not {name!r} either"
            )
        raise UnknownField(unknown_field(str(self), name, known))

    def item(self, key: object) -> DocumentPath:
        """The list element at an index, or the map value at a key."""
        if key.__class__ is not str and key.__class__ is not int:
            return self._find_item(key)  # how it is stored only the codec of a request knows
        known = self._reached.get(("[", key))
        return known if known is not None else self._keep(("[", key), self._find_item(key))

    def _find_item(self, key: object) -> DocumentPath:
        self._refuse_json(f"[{key!r}]")
        value = self._value_type()
        if isinstance(key, bool) or not isinstance(key, (int, str)):
            known = map_key(value, key)
            if known is not None:
                return self._step(known, self._map_value(value, known), None, f"[{known!r}]")
            raise UsageError(f"{self}[{key!r}]: a list index is a whole number, a map key is text")
        if key == "":
            raise BadValue(f"{self}['']: DynamoDB's maps have no empty keys")
        if isinstance(key, str):
            text = str.__str__(key)  # of an enum of texts the value, not its name
            annotation, field = self._map_value(value, text), self._typed_dict_field(value, text)
            return self._step(text, annotation, field, f"[{text!r}]")
        if key < 0:
            raise UsageError(f"{self}[{key}]: DynamoDB counts list elements from the front, from 0")
        return self._step(int(key), self._list_element(value, key), None, f"[{int(key)}]")

    def _value_type(self) -> Annotation:
        return unwrap(split_optional(self.annotation)[0])

    def _refuse_json(self, step: str, kind: type[UsageError] = UsageError) -> None:
        if self.field is not None and self.field.marker.as_json:
            raise kind(
                f"{self}{step}: {self} is stored as one JSON string, DynamoDB can't look into it"
            )

    def _step(
        self, step: Step, annotation: Annotation, field: Field | None, spelled: str
    ) -> DocumentPath:
        if len(self.steps) >= MAX_NESTING:
            raise UsageError(f"{self}{spelled}: a document path has at most {MAX_NESTING} levels")
        within = None if field is not None else self.field or self.within
        return DocumentPath(
            self.root, (*self.steps, step), annotation, field, f"{self.spelled}{spelled}", within
        )

    def _map_value(self, value: Annotation, key: str) -> Annotation:
        if value is Any or value is object:
            return Any
        for member in union_members(value):
            origin = origin_of(member) or member
            is_map = isinstance(origin, type) and issubclass(origin, Mapping)
            if is_map and kind_of(member) != "typeddict":
                arguments = get_args(member)
                return arguments[1] if len(arguments) == 2 else Any
            field = self._typed_dict_field(member, key)
            if field is not None:
                return field.type
        raise UsageError(
            f"{self}[{key!r}]: {self} is {type_name(self.annotation)}, not a map; "
            f"a field of a nested model is {self}.{key}"
        )

    def _typed_dict_field(self, value: Annotation, key: str) -> Field | None:
        if kind_of(value) != "typeddict":
            return None
        field = structure_of(value).by_name.get(key)
        if field is None:
            raise UnknownField(unknown_field(str(self), key, structure_of(value).by_name))
        return field

    def _list_element(self, value: Annotation, index: int) -> Annotation:
        if value is Any or value is object:
            return Any
        for member in union_members(value):
            origin, arguments = origin_of(member) or member, get_args(member)
            if origin is tuple and arguments and arguments[-1] is not Ellipsis:
                if index >= len(arguments):
                    raise UsageError(f"{self}[{index}]: the tuple has {len(arguments)} elements")
                return arguments[index]
            if (
                isinstance(origin, type)
                and issubclass(origin, Sequence)
                and not issubclass(origin, (str, bytes))
            ):
                return arguments[0] if arguments else Any
        raise UsageError(f"{self}[{index}]: {self} is {type_name(self.annotation)}, not a list")

    def overlaps(self, other: DocumentPath) -> bool:
        """Whether they are the same or one lies in the other: DynamoDB refuses an update that
        changes both."""
        shared = min(len(self.steps), len(other.steps))
        return self.steps[:shared] == other.steps[:shared]


def root_path(model: Any, field: Field) -> DocumentPath:
    """The path of a field at the top of an item; always the same object."""
    paths: dict[Field, DocumentPath] | None = model.__dict__.get(_ROOT_PATHS)
    if paths is None:
        paths = {}
        type.__setattr__(model, _ROOT_PATHS, paths)
    path = paths.get(field)
    if path is None:
        spelled = f"{model.__name__}.{field.name}"
        path = DocumentPath(
            model, (field.attribute_name,), field.type, field, spelled, is_kept=True
        )
        path = paths.setdefault(field, path)
    return path


Step = str | int
"""An attribute name or map key, or a list index."""


class MapKey(str):
    """A map key that is no text in Python, such as a date. The text is for messages and to compare.

    How the key is stored only the codec of a request knows, which has the hooks: `stored_steps`.
    """

    __slots__ = ("annotation", "key")

    annotation: Annotation
    """The type of the map's keys."""
    key: object


class KeyEncoder(Protocol):
    """What paths need of a codec."""

    def encode_value(
        self, annotation: Annotation, value: object, *, subject: str = ...
    ) -> dict[str, Any]: ...


def stored_steps(steps: tuple[Step, ...], encoder: KeyEncoder) -> tuple[Step, ...]:
    """The same steps with the text that each map key is stored as.

    Raises:
        UsageError: a key is not of the type of its map's keys, or is not stored as text.
    """
    if MapKey not in map(type, steps):
        return steps
    return tuple(_key_text(step, encoder) if isinstance(step, MapKey) else step for step in steps)


def _key_text(step: MapKey, encoder: KeyEncoder) -> str:
    encoded = encoder.encode_value(step.annotation, step.key, subject=f"the map key {step}")
    text = encoded.get("S")
    if not isinstance(text, str):
        raise UsageError(
            f"the map key {step} is stored as {'/'.join(encoded)}, "
            "and DynamoDB's maps have keys of text"
        )
    if not text:
        raise BadValue(
            f"the map key {step.key!r} is stored as empty text, "
            "and DynamoDB's maps have no empty keys"
        )
    return text


def map_key(annotation: Annotation, key: object) -> MapKey | None:
    """The step for a key of a map whose keys are no text in Python; None where the type is no such
    map."""
    for member in union_members(annotation):
        origin, arguments = origin_of(member), get_args(member)
        if not (isinstance(origin, type) and issubclass(origin, Mapping) and len(arguments) == 2):
            continue
        if unwrap(arguments[0]) in (str, int, Any, object):
            continue
        plain = key.value if isinstance(key, Enum) else key
        if isinstance(plain, datetime) and plain.tzinfo is not None:
            plain = plain.astimezone(UTC)  # two times that are equal are one key
        made = MapKey(plain.isoformat() if isinstance(plain, (date, time)) else plain)
        made.annotation, made.key = arguments[0], key
        return made
    return None
