"""`KeyedTable[Order, P]`: the table of a model that declares its key by `adorm.key`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from adorm.errors import UsageError
from adorm.models import ModelInfo
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.schema.scalar_types import KeyValue
from adorm.table import Table

if TYPE_CHECKING:
    from adorm.batch.get import BatchGet
    from adorm.items.get import Get, GetOrNone
    from adorm.items.keys import Key
    from adorm.items.restore import Restore
    from adorm.items.single_write import Write
    from adorm.items.update import Update
    from adorm.query.query import Query

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)
P = ParamSpec("P")


class KeyedTable(Table[ModelT], Generic[ModelT, P]):
    """The table of a model that declares its key by `adorm.key`.

    A key is given by its parts, in order or by name: `get(user_name="ada", order_id="o1")`.
    """

    __slots__ = ()

    if not TYPE_CHECKING:  # checkers refuse parts by name, and nothing says so at runtime

        def query(self, *partition: KeyValue, **parts: Any) -> Query[ModelT]:
            if parts:
                raise UsageError(_by_name(self._binding.info, parts))
            return super().query(*partition)

    if TYPE_CHECKING:  # the same methods, whose parameters are the parts of the key

        @overload  # type: ignore[override]
        def key(self, key: ModelT, /) -> Key[ModelT]: ...
        @overload
        def key(self, *parts: P.args, **named: P.kwargs) -> Key[ModelT]: ...
        def key(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, *key: Any, **parts: Any
        ) -> Any: ...
        @overload  # type: ignore[override]
        def get(self, key: Key[ModelT], /) -> Get[ModelT]: ...
        @overload
        def get(self, *parts: P.args, **named: P.kwargs) -> Get[ModelT]: ...
        def get(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, *key: Any, **parts: Any
        ) -> Any: ...
        @overload  # type: ignore[override]
        def get_or_none(self, key: Key[ModelT], /) -> GetOrNone[ModelT]: ...
        @overload
        def get_or_none(self, *parts: P.args, **named: P.kwargs) -> GetOrNone[ModelT]: ...
        def get_or_none(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, *key: Any, **parts: Any
        ) -> Any: ...
        @overload  # type: ignore[override]
        def exists(self, key: Key[ModelT], /) -> Get[bool]: ...
        @overload
        def exists(self, *parts: P.args, **named: P.kwargs) -> Get[bool]: ...
        def exists(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, *key: Any, **parts: Any
        ) -> Any: ...
        @overload  # type: ignore[override]
        def delete(self, key: Key[ModelT] | ModelT, /) -> Write[ModelT, None]: ...
        @overload
        def delete(self, *parts: P.args, **named: P.kwargs) -> Write[ModelT, None]: ...
        def delete(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, *key: Any, **parts: Any
        ) -> Any: ...
        @overload  # type: ignore[override]
        def restore(self, key: Key[ModelT] | ModelT, /) -> Restore[ModelT]: ...
        @overload
        def restore(self, *parts: P.args, **named: P.kwargs) -> Restore[ModelT]: ...
        def restore(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, *key: Any, **parts: Any
        ) -> Any: ...
        @overload  # type: ignore[override]
        def purge(self, key: Key[ModelT] | ModelT, /) -> Write[ModelT, None]: ...
        @overload
        def purge(self, *parts: P.args, **named: P.kwargs) -> Write[ModelT, None]: ...
        def purge(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, *key: Any, **parts: Any
        ) -> Any: ...
        @overload  # type: ignore[override]
        def update(self, key: Key[ModelT], /) -> Update[ModelT, None]: ...
        @overload
        def update(self, *parts: P.args, **named: P.kwargs) -> Update[ModelT, None]: ...
        def update(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, *key: Any, **parts: Any
        ) -> Any: ...
        # a tuple of values does not say the parts of a key by their types
        def batch_get(  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
            self, keys: Iterable[Key[ModelT]], /
        ) -> BatchGet[ModelT]: ...


def _by_name(info: ModelInfo, parts: Iterable[str]) -> str:
    """Why `query` takes no parts by name, and what to do."""
    key = info.key
    fields = info.parts if key is None else [each.field for each in key.partition.template.parts]
    names = dict.fromkeys(field.name for field in fields)
    known = {field.name for field in info.structure.fields}
    asked = ", ".join(f"{info.name}.{name} == ..." for name in parts if name in known)
    in_order = f"query({', '.join(names)})"
    return (
        f"query() of {info.name} takes the parts of the partition key in order and none by name "
        f"({', '.join(parts)}): write {in_order}, or query().where({asked or '...'})"
    )
