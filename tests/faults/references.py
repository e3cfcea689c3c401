"""What one application of a write makes, without a fault."""

from __future__ import annotations

from typing import Any

import attrs

from adorm.dynamodb.values import AttributeMap
from tests.faults.bench import bench
from tests.faults.writes import WriteCase, trial


@attrs.frozen
class Reference:
    """The item and the instance after one application without a fault."""

    before: AttributeMap | None
    after: AttributeMap | None
    result: Any


_references: dict[str, Reference] = {}


async def reference(case: WriteCase) -> Reference:
    if case.name not in _references:
        async with bench() as world:
            there = await trial(world, case)
            result = await there.act()
            assert (world.server.operations, world.writes) == ([case.operation], 1)
            _references[case.name] = Reference(there.before, there.stored, result)
    return _references[case.name]


def same_item(case: WriteCase, one: AttributeMap | None, other: AttributeMap | None) -> bool:
    """Whether two items are equal; a version may be higher where it may have skipped numbers."""
    if not case.versions_skip or one is None or other is None:
        return one == other
    skipped = int(one["version"]["N"]) - int(other["version"]["N"])
    return skipped >= 0 and {**one, "version": other["version"]} == other
