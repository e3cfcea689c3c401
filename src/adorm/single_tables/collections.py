"""What a database offers for reading several models of one table at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from adorm.items.binding import Connection
from adorm.schema.model_types import AttrsLike, DataclassLike

if TYPE_CHECKING:  # imported by the methods that need them: a cold start pays for what it uses
    from adorm.scan import Scan
    from adorm.schema.single_table import SingleTable
    from adorm.single_tables.collection_query import CollectionQuery
    from adorm.single_tables.collection_scan import CollectionScan

T1 = TypeVar("T1", bound=DataclassLike | AttrsLike)
T2 = TypeVar("T2", bound=DataclassLike | AttrsLike)
T3 = TypeVar("T3", bound=DataclassLike | AttrsLike)
T4 = TypeVar("T4", bound=DataclassLike | AttrsLike)
T5 = TypeVar("T5", bound=DataclassLike | AttrsLike)


class Collections(Connection):
    """The part of a database that reads several models of a `SingleTable` at once."""

    @overload
    def query(self, a: type[T1], /) -> CollectionQuery[tuple[list[T1]], T1]: ...
    @overload
    def query(
        self, a: type[T1], b: type[T2], /
    ) -> CollectionQuery[tuple[list[T1], list[T2]], T1 | T2]: ...
    @overload
    def query(
        self, a: type[T1], b: type[T2], c: type[T3], /
    ) -> CollectionQuery[tuple[list[T1], list[T2], list[T3]], T1 | T2 | T3]: ...
    @overload
    def query(
        self, a: type[T1], b: type[T2], c: type[T3], d: type[T4], /
    ) -> CollectionQuery[tuple[list[T1], list[T2], list[T3], list[T4]], T1 | T2 | T3 | T4]: ...
    @overload
    def query(
        self, a: type[T1], b: type[T2], c: type[T3], d: type[T4], e: type[T5], /
    ) -> CollectionQuery[
        tuple[list[T1], list[T2], list[T3], list[T4], list[T5]],
        T1 | T2 | T3 | T4 | T5,
    ]: ...
    def query(self, *models: type[Any]) -> Any:
        """Items of several models under a common partition key: one request for all of them.

        See `CollectionQuery`.

        Raises:
            UsageError: they are not models of one `SingleTable`, or one is given twice.
        """
        from adorm.single_tables.collection_binding import collection_binding
        from adorm.single_tables.collection_query import CollectionQuery
        from adorm.single_tables.collection_read import CollectionRead

        read: CollectionRead[Any] = CollectionRead(collection_binding(self, models))
        found: CollectionQuery[Any, Any] = CollectionQuery(read)
        return found

    @overload
    def scan(self, table: SingleTable, /) -> Scan[Any]: ...
    @overload
    def scan(self, a: type[T1], /) -> CollectionScan[tuple[list[T1]], T1]: ...
    @overload
    def scan(
        self, a: type[T1], b: type[T2], /
    ) -> CollectionScan[tuple[list[T1], list[T2]], T1 | T2]: ...
    @overload
    def scan(
        self, a: type[T1], b: type[T2], c: type[T3], /
    ) -> CollectionScan[tuple[list[T1], list[T2], list[T3]], T1 | T2 | T3]: ...
    @overload
    def scan(
        self, a: type[T1], b: type[T2], c: type[T3], d: type[T4], /
    ) -> CollectionScan[tuple[list[T1], list[T2], list[T3], list[T4]], T1 | T2 | T3 | T4]: ...
    @overload
    def scan(
        self, a: type[T1], b: type[T2], c: type[T3], d: type[T4], e: type[T5], /
    ) -> CollectionScan[
        tuple[list[T1], list[T2], list[T3], list[T4], list[T5]],
        T1 | T2 | T3 | T4 | T5,
    ]: ...
    def scan(self, *models: Any) -> Any:
        """Every item of several models of one table, or of all models of a `SingleTable`.

        Of a table the items come in one list, each as an instance of its class. See
        `CollectionScan`.

        Raises:
            UsageError: they are not models of one `SingleTable`, or one is given twice.
        """
        from adorm.schema.single_table import SingleTable
        from adorm.single_tables.collection_binding import collection_binding
        from adorm.single_tables.collection_scan import CollectionScan, CollectionScanRead

        is_whole = len(models) == 1 and isinstance(models[0], SingleTable)
        binding = collection_binding(self, models[0].models if is_whole else models)
        read: CollectionScanRead[Any] = CollectionScanRead(binding)
        if is_whole:
            return read
        found: CollectionScan[Any, Any] = CollectionScan(read)
        return found
