"""The clauses of an update: `.set(...)`, `.add(...)`, `.remove(...)` and the others."""

from __future__ import annotations

from builtins import set as Set  # noqa: N812  # the method `set` hides the type in the class body
from decimal import Decimal
from typing import Any, Self, TypeVar, overload

from adorm.errors import UsageError
from adorm.expressions.conditions import Condition, conditions
from adorm.expressions.document_path import DocumentPath, ExpressionPart, example_path
from adorm.expressions.paths import Path, document_path_of, set_clause
from adorm.expressions.updates import Add, Append, Clause, Remove, Set as SetClause
from adorm.schema.model_types import EnumT, NestedT, TypedDictT
from adorm.schema.scalar_types import ScalarT

T = TypeVar("T")


class UpdateClauses:
    """The methods that add clauses to an update: alone, in a transaction, or of many items.

    A value that is stored as absence becomes REMOVE. `Order.total + 1`, `Order.total - 1` and other
    paths may be the value of `set`.
    """

    __slots__ = ()

    def _with_changes(
        self,
        paths: tuple[DocumentPath, ...],
        values: tuple[Any, ...],
        clauses: tuple[Clause[Any], ...] = (),
    ) -> Self:
        """Add fields that are set, each to a plain value, and other clauses.

        Args:
            paths: of the fields, with as many `values`.
            clauses: none of them sets a field to a plain value.
        """
        raise TypeError(f"{type(self).__name__} takes no clauses")

    @property
    def _model(self) -> Any:
        """The model, for messages."""
        raise TypeError(f"{type(self).__name__} has no model")

    def _with_conditions(self, added: tuple[Condition, ...]) -> Self:
        raise TypeError(f"{type(self).__name__} takes no conditions")

    def _with_upsert(self) -> Self:
        raise TypeError(f"{type(self).__name__} can't create")

    @overload
    def set(self, path: Decimal | None, value: Decimal | int | None, /) -> Self: ...
    @overload
    def set(self, path: ScalarT | None, value: ScalarT | None, /) -> Self: ...
    @overload
    def set(self, path: list[T] | None, value: list[T] | None, /) -> Self: ...
    @overload
    def set(self, path: tuple[T, ...] | None, value: tuple[T, ...] | None, /) -> Self: ...
    @overload
    def set(self, path: Set[T] | None, value: Set[T] | None, /) -> Self: ...
    @overload
    def set(self, path: frozenset[T] | None, value: frozenset[T] | None, /) -> Self: ...
    @overload
    def set(self, path: dict[str, T] | None, value: dict[str, T] | None, /) -> Self: ...
    @overload
    def set(self, path: EnumT | None, value: EnumT | None, /) -> Self: ...
    @overload
    def set(self, path: NestedT | None, value: NestedT | None, /) -> Self: ...
    @overload
    def set(self, path: TypedDictT | None, value: TypedDictT | None, /) -> Self: ...
    def set(self, path: Any, value: object, /) -> Self:
        """Store a value: `.set(Order.status, "paid")`, `.set(Order.total, Order.total - 5)`."""
        # document_path_of, written out: an update passes here with each of its fields
        if path.__class__ is Path:
            target: Any = path._adorm_measured  # noqa: SLF001  # it has no public names
        else:
            target = document_path_of(path, self._model)
        if target.is_field and not isinstance(value, ExpressionPart):
            return self._with_changes((target,), (value,))
        return self._with_changes((), (), (set_clause(path, value),))

    @overload
    def add(self, path: Decimal | None, value: Decimal | int, /) -> Self: ...
    @overload
    def add(self, path: int | None, value: int, /) -> Self: ...
    @overload
    def add(self, path: float | None, value: float, /) -> Self: ...
    @overload
    def add(self, path: Set[T] | None, value: Set[T], /) -> Self: ...
    @overload
    def add(self, path: frozenset[T] | None, value: frozenset[T], /) -> Self: ...
    def add(self, path: object, value: object, /) -> Self:
        """Add to a number (absent counts as 0), or members to a set (absent counts as empty)."""
        return self._with_changes((), (), (Add(document_path_of(path, self._model), value),))

    def append(self, path: list[T] | None, values: list[T], /) -> Self:
        """Put elements at the end of a list; absent counts as empty."""
        return self._with_changes(
            (), (), (Append(document_path_of(path, self._model), values, at_front=False),)
        )

    def prepend(self, path: list[T] | None, values: list[T], /) -> Self:
        """Put elements at the front of a list; absent counts as empty."""
        return self._with_changes(
            (), (), (Append(document_path_of(path, self._model), values, at_front=True),)
        )

    def remove(self, *paths: object) -> Self:
        """Remove attributes, list elements or map keys."""
        return self._with_changes(
            (), (), tuple(Remove(document_path_of(path, self._model)) for path in paths)
        )

    def apply(self, *clauses: Clause[Any]) -> Self:
        """Add clauses made by `attr(path)`: `.apply(attr(Order.tags).delete({"new"}))`.

        Raises:
            UsageError: one is no clause.
        """
        for clause in clauses:
            # unchecked callers
            if not isinstance(clause, Clause):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise UsageError(
                    f"apply() takes clauses such as attr({example_path(self._model)}).set(...), "
                    f"not {clause!r}"
                )
        sets: list[Any] = [clause for clause in clauses if clause.__class__ is SetClause]
        return self._with_changes(
            tuple([clause.path for clause in sets]),
            tuple([clause.value for clause in sets]),
            tuple([clause for clause in clauses if clause.__class__ is not SetClause]),
        )

    def upsert(self) -> Self:
        """Create the item where there is none."""
        return self._with_upsert()

    def when(self, *conditions_: bool | Condition) -> Self:
        """Update only if all conditions hold.

        Raises (when awaited):
            ConditionalCheckFailed: one did not hold; `.item` is the item that is stored.
        """
        return self._with_conditions(conditions(conditions_, self._model))

    def given(self, *conditions_: bool | Condition) -> Self:
        """What the item holds, by `==`: `.given(Order.placed_at == order.placed_at)`.

        It is a condition of the update, and tells it the parts of index keys that it does not
        change: a key of an index is written as a whole.

        Raises:
            UsageError: a condition is no comparison of an attribute with a value by `==`.

        Raises (when awaited):
            ConditionalCheckFailed: the item holds something else; `.item` is the item that is
                stored.
        """
        from adorm.items.given import given_conditions

        return self._with_conditions(given_conditions(conditions_))
