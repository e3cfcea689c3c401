"""Waits that are no requests are bounded by the ambient deadline."""

from __future__ import annotations

import anyio
import pytest

import adorm
from adorm.concurrency.waits import within_deadline

pytestmark = pytest.mark.anyio


async def test_a_wait_is_bounded_by_the_ambient_deadline() -> None:
    with pytest.raises(
        adorm.DeadlineExceeded, match=r"the deadline of 0.01 s passed while waiting for godot"
    ):
        async with adorm.deadline(0.01):
            await within_deadline(anyio.sleep_forever, "waiting for godot")
    with anyio.move_on_after(0.01) as foreign:
        await within_deadline(anyio.sleep_forever, "waiting for godot")
    assert foreign.cancelled_caught
