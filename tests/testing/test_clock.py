from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio
import pytest

from adorm.clock import Clock, current_clock, use_clock
from adorm.errors import UsageError
from adorm.testing import FakeClock

START = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)


@pytest.mark.anyio
async def test_a_sleep_takes_no_time_and_moves_both_times_on() -> None:
    clock: Clock = FakeClock(START)
    before_s = clock.monotonic()
    with anyio.fail_after(5):
        await clock.sleep(3600)
    assert clock.now() == START + timedelta(hours=1)
    assert clock.monotonic() - before_s == 3600


@pytest.mark.anyio
async def test_sleeps_are_written_down_in_order() -> None:
    clock = FakeClock()
    for delay_s in (0.1, 0.0, 2.5):
        await clock.sleep(delay_s)
    assert clock.sleeps == [0.1, 0.0, 2.5]


@pytest.mark.anyio
async def test_a_cancelled_sleep_did_not_happen() -> None:
    clock = FakeClock(START)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await clock.sleep(1)
    assert scope.cancelled_caught
    assert clock.sleeps == []
    assert clock.now() == START


def test_time_stands_still_until_it_is_moved() -> None:
    clock = FakeClock(START)
    assert clock.now() == clock.now() == START
    clock.advance(1.5)
    assert clock.now() == START + timedelta(seconds=1.5)


def test_time_does_not_go_back() -> None:
    with pytest.raises(UsageError, match="only moves forward"):
        FakeClock().advance(-1)


def test_a_naive_start_is_refused() -> None:
    with pytest.raises(UsageError, match="tzinfo=UTC"):
        FakeClock(datetime(2026, 1, 1))


def test_it_can_be_the_current_clock() -> None:
    with use_clock(FakeClock(START)) as clock:
        assert current_clock() is clock
    assert current_clock() is not clock
