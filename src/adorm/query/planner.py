"""The planner: which table or index serves the conditions of a query.

It uses equality on all partition fields and the longest prefix of the sort fields. It never chooses
an index that could leave items out, and never a scan. docs/decisions/0007-how-the-planner-ranks.md
says how it ranks.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from adorm.errors import UsageError
from adorm.expressions.conditions import Condition
from adorm.models import ModelInfo
from adorm.query.access import Access, Target, target_of
from adorm.query.key_conditions import is_equality, key_field, one_condition
from adorm.schema.types import split_optional


@attrs.frozen(eq=False, kw_only=True)
class Wanted:
    """What a query asks for."""

    conditions: Sequence[Condition]
    """Of `where`: parts of the key condition or of the filter."""
    filters: Sequence[Condition]
    """Of `filter`: parts of the filter."""
    attribute_names: frozenset[str]
    """What has to be read of each item."""
    index_name: str | None
    """The index that the caller named, one of the model's."""
    in_table_partition: bool
    """The caller gave a partition key of the table, as in `query("c1")`: no index with another
    partition key is meant."""
    hydrates: bool
    """Whole items come from the table: the index needs only keys and what the filter reads."""
    consistent: bool
    """The read is consistent, which no global index offers."""


@attrs.frozen(eq=False)
class _Fit:
    """A target that serves the query, and how."""

    target: Target
    key: tuple[Condition, ...]
    filter: tuple[Condition, ...]
    sort_fields_used: int
    covers: bool
    """Whether the target holds all that has to be read."""

    def __str__(self) -> str:
        used = [*self.target.partition, *self.target.sort[: self.sort_fields_used]]
        names = ", ".join(field.name for field in used)
        return f"{self.target}: the key condition is on {names}"


class _NoFit(Exception):
    """The target does not serve the query; the message tells why."""


def choose(info: ModelInfo, wanted: Wanted) -> Access:
    """The best way to read what a query asks for.

    A target that holds all that has to be read comes before one that does not; then the one with
    the most sort fields used; then the table; then the index that was declared first.

    Raises:
        UsageError: no target serves the query, or not the index that was named. The message says
            why, for each target.
    """
    named = wanted.index_name
    fits: list[_Fit] = []
    refusals: list[str] = []
    for name in (None, *info.indexes) if named is None else (named,):
        target = target_of(info, name)
        try:
            fits.append(_fit(info, target, wanted))
        except _NoFit as refusal:
            refusals.append(f"{target}: {refusal}")
    if not fits:
        raise UsageError(
            f"no key of {info.name} serves this query: {'; '.join(refusals)}. Give the partition "
            "key, or an index's, by ==; scan() reads everything, if that is meant"
        )
    # min() takes the first of equals.
    best = min(
        fits, key=lambda fit: (not fit.covers, -fit.sort_fields_used, fit.target.index is not None)
    )
    if not best.covers:
        raise UsageError(
            f"{best.target} of {info.name} does not hold "
            f"{best.target.missing(wanted.attribute_names)}: "
            "select(...) what it holds, or hydrate() to read the whole items from the table"
        )
    others = [f"{fit.target}: serves too" for fit in fits if fit is not best]
    return Access(best.target, best.key, best.filter, "; ".join([str(best), *others, *refusals]))


def _fit(info: ModelInfo, target: Target, wanted: Wanted) -> _Fit:
    """How the target serves the query.

    Raises:
        _NoFit: it does not.
    """
    named = wanted.index_name is not None
    if not named:
        if wanted.in_table_partition and target.partition != (info.partition,):
            raise _NoFit("query(...) was given a partition of the table")
        if wanted.consistent and target.is_global:
            raise _NoFit("DynamoDB has no consistent reads on a global index")
    key, used, rest = _key_condition(target, wanted.conditions)
    if (
        not named
        and not used
        and target.index is not None
        and target.partition == (info.partition,)
    ):
        raise _NoFit("it narrows no further than the table, and has another order")
    remaining = (*rest, *wanted.filters)
    _check_filter(target, wanted.filters, remaining)
    if not named:
        _check_holds_all_items(target, used)
    covers = wanted.hydrates or not target.missing(wanted.attribute_names)
    return _Fit(target, key, remaining, used, covers)


def _key_condition(
    target: Target, conditions: Sequence[Condition]
) -> tuple[tuple[Condition, ...], int, list[Condition]]:
    """The parts of the key condition, how many sort fields they use, and the other conditions.

    Raises:
        _NoFit: the conditions on the key fields make no key condition of this target.
    """
    by_field: dict[str, list[Condition]] = {}
    rest: list[Condition] = []
    for condition in conditions:
        field = key_field(condition, target)
        if field is None:
            rest.append(condition)
        else:
            by_field.setdefault(field.attribute_name, []).append(condition)
    key: list[Condition] = []
    for field in target.partition:
        equal = by_field.pop(field.attribute_name, [])
        if len(equal) != 1 or not is_equality(equal[0]):
            raise _NoFit(f"{field.name} is not given by one ==")
        key.extend(equal)
    used = 0
    for field in target.sort:
        given = by_field.pop(field.attribute_name, None)
        if given is None:
            break
        combined = one_condition(field, given)
        if combined is None:
            raise _NoFit(
                f"a key condition can't say all that is asked of {field.name}: "
                "one ==, <, <=, >, >=, between or begins_with"
            )
        key.append(combined)
        used += 1
        if not is_equality(combined):
            break
    if by_field:
        left = ", ".join(field.name for field in target.sort if field.attribute_name in by_field)
        raise _NoFit(f"{left} can be used only after == on the sort fields before it")
    return tuple(key), used, rest


def _check_filter(
    target: Target, filters: Sequence[Condition], remaining: Sequence[Condition]
) -> None:
    """Refuse a filter that DynamoDB refuses: on a key of the target, or on an attribute that an
    index does not hold.

    Args:
        filters: those of `.filter(...)`; some of them could be key conditions.
        remaining: these, and the conditions of `.where(...)` that are no key conditions.

    Raises:
        _NoFit: it is refused.
    """
    for condition in filters:
        if key_field(condition, target) is not None:
            path = condition.paths()[0]
            raise _NoFit(
                f"{path} is part of its key, and DynamoDB takes no filter on that: move this "
                "condition from .filter(...) to .where(...), which makes it a key condition"
            )
    paths = [path for condition in remaining for path in condition.paths()]
    for path in paths:
        if path.attribute_name in target.key_names:
            raise _NoFit(f"{path} is part of its key, and DynamoDB takes no filter on that")
    missing = target.missing({path.attribute_name for path in paths})
    if missing:
        raise _NoFit(f"it does not hold {missing}, which the filter reads")


def _check_holds_all_items(target: Target, sort_fields_used: int) -> None:
    """Refuse an index that could lack items: an item without one of its key fields is not in it,
    unless a condition on that field asks for just the items that have it.

    Raises:
        _NoFit: a key field is optional, and no condition is on it.
    """
    if target.index is None:
        return
    for field in target.sort[sort_fields_used:]:
        if field.marker.omit_empty or split_optional(field.type)[1]:
            raise _NoFit(
                f"items without {field.name} are not in it: "
                f"name it by .index({target.index.name!r}) if that is meant"
            )
