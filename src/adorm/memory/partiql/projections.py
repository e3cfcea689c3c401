"""Internal: finds the attributes that a SELECT names and an index does not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adorm.memory.errors import invalid_value
from adorm.memory.expressions.nodes import PathElements
from adorm.memory.items.pages import Source
from adorm.memory.java_hash_order import SET_BUCKETS, in_hash_order
from adorm.memory.partiql.key_tests import Branch


def missing_columns(source: Source, columns: Mapping[str, PathElements] | None) -> list[str]:
    """The selected attributes that the index does not hold."""
    projected = None if source.index is None else source.index.projected
    if projected is None or columns is None:
        return []
    names = dict.fromkeys(str(path[0]) for path in columns.values())
    return [name for name in names if name not in projected]


def check_filters(source: Source, branches: Sequence[Branch]) -> None:
    """Refuse queries of an index if the conditions of all of them read attributes that it lacks.

    Raises:
        EngineError: the conditions read only attributes that the index does not hold.
    """
    projected = None if source.index is None else source.index.projected
    if source.index is None or projected is None:
        return
    missing = [[name for name in branch.attributes if name not in projected] for branch in branches]
    if not all(missing):
        return
    # The service names the attributes of one branch; how it chooses is not known.
    named = max(zip(map(_partition_text, branches), missing, strict=True))[1]
    raise invalid_value(
        f"Secondary index {source.index.name} does not project one or more filter attributes:"
        f" [{', '.join(in_hash_order(named, SET_BUCKETS))}]"
    )


def _partition_text(branch: Branch) -> str:
    return repr(branch.partition[0].values)
