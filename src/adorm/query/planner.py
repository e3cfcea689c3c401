"""The planner: which table or index serves the conditions of a query.

It uses equality on all partition fields and the longest prefix of the sort fields. It never chooses
an index that could leave items out, and never a scan. docs/decisions/0007-how-the-planner-ranks.md
says how it ranks.
"""

from __future__ import annotations

from collections.abc import Sequence

from adorm.errors import UsageError
from adorm.expressions.conditions import Condition
from adorm.models import ModelInfo
from adorm.query.access import Access, Target, target_of
from adorm.query.fits import Fit, NoFit, NoPartition, Wanted, advice_on_filter, check_filter
from adorm.query.key_conditions import is_equality, key_field, one_condition
from adorm.schema.types import split_optional


def choose(info: ModelInfo, wanted: Wanted) -> Access:
    """The best way to read what a query asks for.

    A target that holds all that has to be read comes before one that does not; then the one whose
    key condition is on the most fields; then the one with the fewest partitions to read; then the
    table; then the index that was declared first.

    Raises:
        UsageError: no target serves the query, or not the index that was named. The message says
            why, for each target.
    """
    fits: list[Fit] = []
    refusals: list[str] = []
    advice: list[str | None] = []
    for target in _targets(info, wanted):
        try:
            fits.append(_fit(info, target, wanted))
        except NoFit as refusal:
            refusals.append(f"{target}: {refusal}")
            advice.append(refusal.advice if isinstance(refusal, NoPartition) else None)
    if not fits:
        raise UsageError(
            f"no key of {info.name} serves this query: {'; '.join(refusals)}. {_advice(advice)}"
        )
    if len(fits) > 1 and wanted.index_name is not None:
        from adorm.query.part_fits import fit_of_named_index

        fits = [fit_of_named_index(info, wanted.index_name, fits, wanted)]
    # min() takes the first of equals.
    best = min(
        fits,
        key=lambda fit: (
            not fit.covers,
            -fit.fields_used,
            len(fit.partitions),
            fit.target.index is not None,
        ),
    )
    if not best.covers:
        raise UsageError(
            f"{best.target} of {info.name} does not hold "
            f"{best.target.missing(wanted.attribute_names)}: "
            "select(...) what it holds, or hydrate() to read the whole items from the table"
        )
    others = [f"{fit.target}: serves too" for fit in fits if fit is not best]
    reason = "; ".join([str(best), *others, *refusals])
    return Access(best.target, best.key, best.filter, reason, best.partitions, best.time_range)


def _advice(of_targets: Sequence[str | None]) -> str:
    """The end of the message where no target serves.

    Args:
        of_targets: what each target advises, which did not get its partition key; None for one that
            got it, and is refused for something else.
    """
    told = next(filter(None, of_targets), "")
    if told:
        return told
    if None in of_targets:
        return "To read everything, if that is meant, use scan()"
    return "Give the partition key, or an index's, by ==; scan() reads everything, if that is meant"


def _targets(info: ModelInfo, wanted: Wanted) -> list[Target]:
    """What is considered: the table first, then the indexes in order; or the one that is named."""
    named = wanted.index_name
    names = (None, *info.indexes) if named is None else (named,)
    if info.key is None and not info.readable_keys:
        return [target_of(info, name) for name in names]
    from adorm.query.part_fits import part_targets

    return part_targets(info, names, wanted.index_key)


def _fit(info: ModelInfo, target: Target, wanted: Wanted) -> Fit:
    """How the target serves the query.

    Raises:
        NoFit: it does not.
    """
    if wanted.with_deleted:
        from adorm.query.deleted import holds_no_deleted

        if holds_no_deleted(info, target):
            raise NoFit("deleted items are not in it")
    if target.key is not None:
        from adorm.query.part_fits import part_fit

        return part_fit(info, target, target.key, wanted)
    named = wanted.index_name is not None
    if not named:
        if wanted.in_table_partition and target.partition != (info.partition,):
            raise NoFit("query(...) was given a partition of the table")
        if wanted.consistent and target.is_global:
            raise NoFit("DynamoDB has no consistent reads on a global index")
    key, used, rest = _key_condition(target, wanted)
    if (
        not named
        and not used
        and target.index is not None
        and target.partition == (info.partition,)
    ):
        raise NoFit("it narrows no further than the table, and has another order")
    remaining = (*rest, *wanted.filters)
    check_filter(target, wanted.filters, remaining)
    if not named:
        _check_holds_all_items(target, used)
    covers = wanted.hydrates or not target.missing(wanted.attribute_names)
    names = ", ".join(field.name for field in (*target.partition, *target.sort[:used]))
    return Fit(target, key, remaining, 1 + used, covers, names)


def _key_condition(
    target: Target, wanted: Wanted
) -> tuple[tuple[Condition, ...], int, list[Condition]]:
    """The parts of the key condition, how many sort fields they use, and the other conditions.

    Raises:
        NoFit: the conditions on the key fields make no key condition of this target.
    """
    by_field: dict[str, list[Condition]] = {}
    rest: list[Condition] = []
    for condition in wanted.conditions:
        field = key_field(condition, target)
        if field is None:
            rest.append(condition)
        else:
            by_field.setdefault(field.attribute_name, []).append(condition)
    key: list[Condition] = []
    for field in target.partition:
        equal = by_field.pop(field.attribute_name, [])
        if len(equal) != 1 or not is_equality(equal[0]):
            names = [field.attribute_name for field in target.partition]
            raise NoPartition(
                f"{field.name} is not given by one ==", advice_on_filter(wanted.filters, names)
            )
        key.extend(equal)
    used = 0
    for field in target.sort:
        given = by_field.pop(field.attribute_name, None)
        if given is None:
            break
        combined = one_condition(field, given)
        if combined is None:
            raise NoFit(
                f"a key condition can't say all that is asked of {field.name}: "
                "one ==, <, <=, >, >=, between or begins_with"
            )
        key.append(combined)
        used += 1
        if not is_equality(combined):
            break
    if by_field:
        left = ", ".join(field.name for field in target.sort if field.attribute_name in by_field)
        raise NoFit(f"{left} can be used only after == on the sort fields before it")
    return tuple(key), used, rest


def _check_holds_all_items(target: Target, sort_fields_used: int) -> None:
    """Refuse an index that could lack items: an item without one of its key fields is not in it,
    unless a condition on that field asks for just the items that have it.

    Raises:
        NoFit: a key field is optional, and no condition is on it.
    """
    if target.index is None:
        return
    for field in target.sort[sort_fields_used:]:
        if field.marker.omit_empty or split_optional(field.type)[1]:
            raise NoFit(
                f"items without {field.name} are not in it: "
                f"name it by .index({target.index.name!r}) if that is meant"
            )
