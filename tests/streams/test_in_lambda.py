"""A stream handler behind Lambda's entry point: the answer comes before Lambda's time is over, and
is what Lambda needs."""

from __future__ import annotations

import asyncio
from typing import Any

import adorm
from adorm.testing import stream_event, stream_record
from tests.streams.models import Order, failed
from tests.support.fake_lambda import FakeContext


def record(order_id: str, number: int) -> dict[str, Any]:
    return stream_record(new=Order(customer_id="c1", order_id=order_id), sequence_number=number)


def test_what_does_not_end_in_time_is_in_the_answer_and_the_next_invocation_goes_on() -> None:
    handled: list[str] = []
    changes = adorm.StreamHandler(stop_before_s=0.1)

    @changes.insert(Order)
    async def created(order: Order) -> None:
        if order.order_id == "slow":
            await asyncio.sleep(60)
        handled.append(order.order_id)

    handler = adorm.lambda_handler(models=[Order], reserve_ms=200)(changes)
    try:
        context = FakeContext(600)
        batch = [record("quick", 1), record("slow", 2), record("slow", 3), record("other", 4)]
        assert failed(handler(stream_event(*batch), context)) == ["2", "3"]
        assert context.get_remaining_time_in_millis() > 0
        assert sorted(handled) == ["other", "quick"]
        assert failed(handler(stream_event(record("quick", 5)), FakeContext(5000))) == []
    finally:
        handler.close()
