"""Any series of faults on any write: it is applied once, or its error says `maybe_applied`."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import adorm
from tests.faults.bench import ATTEMPTS, FAULTS, WAITS, Fault, bench
from tests.faults.references import reference, same_item
from tests.faults.writes import CASES, Trial, WriteCase, trial

pytestmark = pytest.mark.anyio


@given(case=st.sampled_from(CASES), script=st.lists(st.sampled_from(FAULTS), max_size=ATTEMPTS))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
async def test_whatever_happens_a_write_is_applied_once_or_its_error_says_maybe(
    case: WriteCase, script: Sequence[Fault]
) -> None:
    expected = await reference(case)
    async with bench() as world:
        there = await trial(world, case)
        world.script(case.operation, *(fault.step for fault in script))
        error = await failure_of(there)
        if error is None:
            assert same_item(case, there.stored, expected.after)
        else:
            applied = not same_item(case, there.stored, expected.before)
            assert not applied or same_item(case, there.stored, expected.after), (
                "never half, never twice"
            )
            assert not applied or error.maybe_applied
            assert error.maybe_applied is any(fault.ambiguous for fault in script[: world.requests])
            assert error.attempts == world.requests
            assert there.item == there.unharmed
        assert 1 <= world.requests <= ATTEMPTS
        assert world.sleeps == WAITS[: world.requests - 1]


async def failure_of(there: Trial) -> adorm.ServiceError | adorm.ConnectionFailed | None:
    try:
        await there.act()
    except (adorm.ServiceError, adorm.ConnectionFailed) as error:
        return error
    return None
