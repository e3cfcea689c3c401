"""The planner: which key, table or index serves the conditions of a query.

It takes equality on all partition fields and the longest prefix of the sort fields, and never an
index that would leave items out, nor a scan.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import attrs

from adorm.errors import BadValue, UsageError
from adorm.expressions.conditions import BeginsWith, Between, Comparison, Condition, Value
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.paths import refuse_empty_range
from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.schema.indexes import Index
from adorm.schema.types import split_optional, unwrap


@attrs.frozen(eq=False)
class Candidate:
    """A table, or an index of it: the keys by which it can be queried."""

    index: Index | None
    partition: tuple[Field, ...]
    sort: tuple[Field, ...]

    @property
    def key_names(self) -> frozenset[str]:
        return frozenset(field.attribute_name for field in (*self.partition, *self.sort))

    def holds(self, attribute_names: Iterable[str]) -> bool:
        """Whether a query of it reads all of these attributes."""
        return self.index is None or all(self.index.holds(name) for name in attribute_names)

    def __str__(self) -> str:
        return "the table" if self.index is None else f"index {self.index.name!r}"


def candidates(info: ModelInfo) -> list[Candidate]:
    """The table first, then its indexes in the order of their declaration."""
    table = Candidate(None, (info.partition,), () if info.sort is None else (info.sort,))
    return [
        table,
        *(Candidate(index, index.partition, index.sort) for index in info.indexes.values()),
    ]


@attrs.frozen(eq=False)
class Choice:
    """How an access serves the conditions."""

    access: Candidate
    key: tuple[Condition, ...]
    filter: tuple[Condition, ...]
    sort_fields_used: int
    covers: bool
    reason: str = ""


@attrs.frozen
class _Unfit:
    why: str


def choose(
    info: ModelInfo,
    conditions: Sequence[Condition],
    filters: Sequence[Condition],
    needed: frozenset[str],
    *,
    forced: str | None,
    hydrates: bool,
    in_partition: bool = False,
    consistent: bool = False,
) -> Choice:
    """The best way to serve the conditions.

    `needed` are the attributes that have to be read; `forced` is the index that the caller named,
    `hydrates` says that the items will be fetched from the table, so that the index needs the
    filter's attributes only. `in_partition`: the caller gave a partition of the table, as in
    `query("c1")`, so that no index with another partition will do. `consistent`: no global one.

    Raises:
        UsageError: nothing serves them, or the index named does not; it tells why, for each.
    """
    if forced is not None:
        index = info.indexes.get(forced)
        if index is None:
            known = ", ".join(info.indexes) or "none"
            raise UsageError(f"{info.name} has no index {forced!r}; it has {known}")
        tried = [Candidate(index, index.partition, index.sort)]
    else:
        tried = candidates(info)
    fits: list[Choice] = []
    notes: list[str] = []
    for access in tried:
        found: Choice | _Unfit
        if forced is None and in_partition and access.partition != (info.partition,):
            found = _Unfit("query(...) was given a partition of the table")
        elif forced is None and consistent and access.index is not None and access.index.is_global:
            found = _Unfit("DynamoDB has no consistent reads on a global index")
        else:
            found = _serve(
                info,
                access,
                conditions,
                filters,
                needed,
                forced=forced is not None,
                hydrates=hydrates,
            )
        if isinstance(found, _Unfit):
            notes.append(f"{access}: {found.why}")
        else:
            fits.append(found)
    if not fits:
        raise UsageError(
            f"no key of {info.name} serves this query: {'; '.join(notes)}. Give the partition key, or an index's, by ==; "
            "scan() reads everything, if that is meant"
        )
    # Of equals min takes the first: the table comes first in the list, then indexes as declared.
    best = min(
        fits,
        key=lambda choice: (
            not choice.covers,
            -choice.sort_fields_used,
            choice.access.index is not None,
        ),
    )
    if not best.covers:
        missing = sorted(name for name in needed if not best.access.holds([name]))
        raise UsageError(
            f"{best.access} of {info.name} does not hold {', '.join(missing)}: "
            "select(...) what it holds, or hydrate() to read the whole items from the table"
        )
    others = [f"{choice.access}: serves too" for choice in fits if choice is not best]
    return attrs.evolve(
        best, reason="; ".join([f"{best.access}: {_described(best)}", *others, *notes])
    )


def _described(choice: Choice) -> str:
    used = [*choice.access.partition, *choice.access.sort[: choice.sort_fields_used]]
    return f"the key condition is on {', '.join(field.name for field in used)}"


def _serve(
    info: ModelInfo,
    access: Candidate,
    conditions: Sequence[Condition],
    filters: Sequence[Condition],
    needed: frozenset[str],
    *,
    forced: bool,
    hydrates: bool,
) -> Choice | _Unfit:
    by_field: dict[str, list[Condition]] = {}
    rest: list[Condition] = []
    for condition in conditions:
        field = _key_field(condition, access)
        if field is None:
            rest.append(condition)
        else:
            by_field.setdefault(field.attribute_name, []).append(condition)
    key: list[Condition] = []
    for field in access.partition:
        equal = by_field.pop(field.attribute_name, [])
        if len(equal) != 1 or not _is_equality(equal[0]):
            return _Unfit(f"{field.name} is not given by one ==")
        key.extend(equal)
    used = 0
    for field in access.sort:
        wanted = by_field.pop(field.attribute_name, None)
        if wanted is None:
            break
        combined = _combine(info, field, wanted)
        if combined is None:
            return _Unfit(
                f"a key condition can't say all that is asked of {field.name}: one ==, <, <=, >, >=, between or begins_with"
            )
        key.append(combined)
        used += 1
        if not _is_equality(combined):
            break
    if by_field:
        left = ", ".join(field.name for field in access.sort if field.attribute_name in by_field)
        return _Unfit(f"{left} can be used only after == on the sort fields before it")
    if (
        not forced
        and access.index is not None
        and access.partition == (info.partition,)
        and not used
    ):
        return _Unfit("it narrows no further than the table, and has another order")
    remaining = (*rest, *filters)
    unfit = (
        _misplaced(access, filters)
        or _unfit_for_filter(access, remaining)
        or (None if forced else _unfit_as_sparse(access, used))
    )
    return unfit or Choice(access, tuple(key), remaining, used, hydrates or access.holds(needed))


def _misplaced(access: Candidate, filters: Sequence[Condition]) -> _Unfit | None:
    for condition in filters:
        field = _key_field(condition, access)
        if field is not None:
            location = next(condition.locations())
            return _Unfit(
                f"{location} is part of its key, and DynamoDB takes no filter on that: move this condition from .filter(...) to "
                ".where(...), which makes it a key condition"
            )
    return None


def _unfit_for_filter(access: Candidate, filters: Sequence[Condition]) -> _Unfit | None:
    for condition in filters:
        for location in condition.locations():
            if location.attribute_name in access.key_names:
                return _Unfit(
                    f"{location} is part of its key, and DynamoDB takes no filter on that"
                )
    filtered = frozenset(
        location.attribute_name for condition in filters for location in condition.locations()
    )
    if not access.holds(filtered):
        return _Unfit(
            f"it does not hold {', '.join(sorted(name for name in filtered if not access.holds([name])))}, which the filter reads"
        )
    return None


def _unfit_as_sparse(access: Candidate, sort_fields_used: int) -> _Unfit | None:
    """An index does not hold the items that lack one of its keys: only a condition on each key asks
    for just those."""
    if access.index is not None:
        constrained = {
            field.attribute_name for field in (*access.partition, *access.sort[:sort_fields_used])
        }
        for field in (*access.partition, *access.sort):
            if field.attribute_name not in constrained and (
                field.marker.omit_empty or split_optional(field.type)[1]
            ):
                return _Unfit(
                    f"items without {field.name} are not in it: name it by .index({access.index.name!r}) if that is meant"
                )
    return None


def _key_field(condition: Condition, access: Candidate) -> Field | None:
    """The key field that a condition is about, if a key condition can say it at all."""
    location: DocumentPath
    if isinstance(condition, Comparison):
        if (
            not isinstance(condition.subject, DocumentPath)
            or not isinstance(condition.operand, Value)
            or condition.comparator == "<>"
        ):
            return None
        if condition.operand.value is None:
            return None
        location = condition.subject
    elif isinstance(condition, Between):
        if (
            not isinstance(condition.subject, DocumentPath)
            or not isinstance(condition.low, Value)
            or not isinstance(condition.high, Value)
        ):
            return None
        location = condition.subject
    elif isinstance(condition, BeginsWith):
        location = condition.location
    else:
        return None
    if not location.is_top_level:
        return None
    for field in (*access.partition, *access.sort):
        if field.attribute_name == location.attribute_name:
            return field
    return None


def _is_equality(condition: Condition) -> bool:
    return isinstance(condition, Comparison) and condition.comparator == "="


def _combine(info: ModelInfo, field: Field, wanted: Sequence[Condition]) -> Condition | None:
    """One key condition for all that is asked of a sort field; None where there is none."""
    if len(wanted) == 1:
        return wanted[0]
    bounds = [condition for condition in wanted if isinstance(condition, Comparison)]
    low = [bound for bound in bounds if bound.comparator in (">", ">=")]
    high = [bound for bound in bounds if bound.comparator in ("<", "<=")]
    if len(wanted) != 2 or len(low) != 1 or len(high) != 1:
        return None
    low_value = _closed(field, low[0], 1)
    high_value = _closed(field, high[0], -1)
    if low_value is None or high_value is None:
        return None
    refuse_empty_range(low[0].subject, low_value.value, high_value.value)
    return Between(low[0].subject, low_value, high_value)


def _closed(field: Field, bound: Comparison, direction: int) -> Value | None:
    """The end of a closed range; an open one on a type with neighbouring values takes the
    neighbour."""
    operand = bound.operand
    if not isinstance(operand, Value):
        return None
    if bound.comparator in (">=", "<="):
        return operand
    value: Any = operand.value
    kind = unwrap(split_optional(field.type)[0])
    if kind is int and type(value) is int:
        return attrs.evolve(operand, value=value + direction)
    if not isinstance(kind, type):
        return None
    try:
        # subclasses too: pendulum has some, and freezegun puts one in the place of each
        if issubclass(kind, datetime) and isinstance(value, datetime):
            return attrs.evolve(operand, value=value + timedelta(microseconds=direction))
        if issubclass(kind, date) and isinstance(value, date) and not isinstance(value, datetime):
            return attrs.evolve(operand, value=value + timedelta(days=direction))
    except OverflowError as error:
        raise BadValue(
            f"{bound.subject} {bound.comparator} {value}: no time lies beyond that, so the range is empty"
        ) from error
    return None
