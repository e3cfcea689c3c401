"""`adorm.key`: a key that is made of parts, declared in the class of a model.

A key is a function of its parts, or the text itself. `Order.key(...)` makes a `Key` of the parts;
its text is made when a request is built, because databases may store times in different forms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)

from adorm.errors import ModelError, UsageError
from adorm.items.keys import Key, key_of, make_key
from adorm.models import model_info
from adorm.schema.key_declarations import KeyDeclaration
from adorm.schema.scalar_types import KeyValue

P = ParamSpec("P")
M = TypeVar("M")
M2 = TypeVar("M2")

KeyText: TypeAlias = str | tuple[str, str]
"""What a key function gives: the text of the partition key, or of partition and sort key."""


class KeyMaker(Generic[M]):
    """`Order.key`: called with the parts of a key, in order or by name, it makes the `Key`."""

    __slots__ = ("_model",)

    def __init__(self, model: type[M]) -> None:
        self._model = model

    def __call__(self, *parts: KeyValue, **named: KeyValue) -> Key[M]:
        """The key of an item of the model.

        Raises:
            UsageError: a part is missing, unknown, given twice or one too many, or an instance
                was given.
        """
        if len(parts) == 1 and isinstance(parts[0], self._model):
            name = self._model.__name__
            raise UsageError(
                f"{name}.key takes the parts of a key, not an instance: for the key of an "
                f"instance say table.key(...) of the table db.table({name})"
            )
        return make_key(model_info(self._model), parts, named)

    def __repr__(self) -> str:
        return f"<the key of {self._model.__name__}>"


class KeyTemplate(KeyDeclaration):
    """The key of a table, declared as text: `key = adorm.key("USER#{name}", "PROFILE")`."""

    def __init__(self, partition: str, sort: str | None) -> None:
        self.texts = (partition, sort)

    @overload
    def __get__(self, instance: None, owner: type[M], /) -> KeyMaker[M]: ...
    @overload
    def __get__(self, instance: M, owner: type[M], /) -> Key[M]: ...
    def __get__(self, instance: Any, owner: type[Any], /) -> Any:
        return KeyMaker(owner) if instance is None else key_of(model_info(owner), instance)


if TYPE_CHECKING:

    class _StaticMethod(staticmethod[P, Key[M]], Generic[P, M]):
        """A static method whose parameters and model type checkers know."""

else:

    class _StaticMethod(staticmethod, Generic[P, M]):
        """The same; at run time `staticmethod` takes no type arguments."""


class KeyFunction(_StaticMethod[P, M], KeyDeclaration):
    """The key of a table, declared as a function: called with its parts, it makes a `Key`.

    It is a static method to type checkers, so that pyright sees its parts through `Keyed`. Its own
    `__get__` tells mypy of which model the key is in a subclass.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self.function = function

    # It gives what a static method gives, with the model of the class that is asked.
    @overload  # type: ignore[override]
    def __get__(self, instance: None, owner: type[M2], /) -> Callable[P, Key[M2]]: ...
    @overload
    def __get__(self, instance: M2, owner: type[M2] | None = None, /) -> Callable[P, Key[M2]]: ...
    # a static method gives the function itself, whichever class is asked
    def __get__(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, instance: Any, owner: type[Any] | None = None, /
    ) -> Any:
        return KeyMaker(cast("type[Any]", owner or instance.__class__))


class IndexKey(KeyDeclaration):
    """A model's key of an index. `.index(Order.by_status)` takes it.

    On the class it is itself.
    """

    def __init__(
        self,
        index: str,
        texts: tuple[str | None, str | None],
        only: Mapping[str, object],
        function: Callable[..., Any] | None = None,
    ) -> None:
        self.index = index
        self.texts = texts
        self.only = only
        self.function = function

    def __repr__(self) -> str:
        return f"<key {self.name} of index {self.index!r}>"


class IndexKeyFunction(Protocol):
    """The decorator that `adorm.key(index=...)` gives."""

    def __call__(self, function: Callable[Concatenate[Any, P], KeyText], /) -> IndexKey: ...


class Keyed(Protocol[M, P]):
    """A model that declares its key by `adorm.key`.

    Where the key is a function, type checkers know the parts of the key.
    """

    @property
    def key(self) -> Callable[P, Key[M]]: ...


@overload
def key(partition: str, sort: str = ..., /) -> KeyTemplate: ...
@overload
def key(
    partition: str, sort: str = ..., /, *, index: str, only: Mapping[str, object] = ...
) -> IndexKey: ...
@overload
def key(*, index: str, sort: str, only: Mapping[str, object] = ...) -> IndexKey: ...
@overload
def key(function: Callable[Concatenate[M, P], KeyText], /) -> KeyFunction[P, M]: ...
@overload
def key(*, index: str, only: Mapping[str, object] = ...) -> IndexKeyFunction: ...
def key(
    partition: object = None,
    sort_text: str | None = None,
    /,
    *,
    index: str | None = None,
    sort: str | None = None,
    only: Mapping[str, object] | None = None,
) -> Any:
    """Declare a key that is made of fields: of the model's table, or with `index=` of an index.

    ::

        @adorm.key
        def key(self, user_name: str, order_id: str) -> adorm.KeyText:
            return f"CUSTOMER#{user_name}", f"ORDER#{order_id}"


        by_status = adorm.key("CUSTOMER#{user_name}", "{status}#{placed_at}", index="GSI1")

    In a text `{field}` stands for the stored text of a field. A format may follow: `{n:010d}` with
    leading zeros, `{n:~010d}` counted down, `{n:d}` a number as text, `{t:%Y-%m-%d}` a time in UTC,
    `{s:lower}`, `{s:upper}`, `{x:shard(8)}`. `{{` is a brace. A key function is read once, when the
    class is made, and never called with values: it has no branches and calls nothing on a part.

    Args:
        partition: the text of the partition key, or the key function.
        sort_text: the text of the sort key.
        index: the name of the index; by default it is the key of the table.
        sort: the text of the sort key of a local index, whose partition key is that of the table.
        only: field names with the value, or a tuple of the values, with which an item is in the
            index. An item with another value has no key of the index.

    Raises:
        ModelError: the arguments do not go together. Mistakes in a text are found when the class is
            made.
    """
    if only is not None and index is None:
        raise ModelError("adorm.key(only=...) is for the key of an index: give index= too")
    if sort is not None and (index is None or partition is not None):
        raise ModelError(
            "adorm.key(sort=...) is for a local index, whose partition key is the table's: "
            'write adorm.key(index="...", sort="...")'
        )
    conditions: Mapping[str, object] = {} if only is None else only
    if isinstance(partition, str):
        if index is None:
            return KeyTemplate(partition, sort_text)
        return IndexKey(index, (partition, sort_text), conditions)
    if callable(partition):
        declared: KeyFunction[..., Any] = KeyFunction(partition)
        return declared
    if partition is not None or index is None:
        raise ModelError(
            "adorm.key takes the text of a key, or a function of its parts, "
            f"not {type(partition).__name__}"
        )
    if sort is not None:
        return IndexKey(index, (None, sort), conditions)
    name = index

    def of_function(function: Callable[..., Any], /) -> IndexKey:
        return IndexKey(name, (None, None), conditions, function)

    return cast("IndexKeyFunction", of_function)
