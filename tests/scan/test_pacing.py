"""The budget of read units, page by page."""

from __future__ import annotations

import pytest

from adorm.segments.pacing import UnitBudget
from adorm.testing import FakeClock

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("units_per_s", [0.7, 50.0, 333.3])
async def test_costs_that_do_not_come_out_even_are_waited_for_once_each(units_per_s: float) -> None:
    """A rest of a few 1e-14 s, from rounding, is no wait: a fake clock does not advance by it."""
    clock = FakeClock()
    budget = UnitBudget(units_per_s, clock)
    consumed = 0.0
    for page in range(200):
        taken = await budget.reserve()
        budget.correct(taken, cost := 2.5 + page % 7 * 0.1)
        consumed += cost
        assert len(clock.sleeps) <= page
    assert consumed / sum(clock.sleeps) == pytest.approx(units_per_s, rel=0.05)
