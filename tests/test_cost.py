"""What an operation costs, counted instead of timed: a change that makes the common calls dearer
shows here, on any machine.

Counted are the bytecode instructions that Python executes, in adorm and in whatever it calls, and
the containers that a page's items keep alive. Both are the same on every run of one Python version.
What C code does is not seen: `make bench` measures that.

A count may be a quarter above its baseline. If it is more, find out why (`python
bench/profile_adorm.py get`); if the price is worth paying, or an operation became much cheaper,
print the new counts on each Python with

    python -m tests.test_cost

write them into BASELINES, and tell in the commit what they buy.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from types import CodeType, FrameType
from typing import Any, TypeVar, cast

import orjson
import pytest

import adorm
from adorm.codec.pages import MapPage
from adorm.transport.wire.transport import WireTransport
from tests.support.as_json import AsJson
from tests.support.scripted import Outcome, ScriptedTransport
from tests.support.wired import GET, KEY

pytestmark = pytest.mark.anyio

MARGIN = 1.25
SLACK = 0.5
"""Below this share of its baseline a count is so much better that the baseline guards nothing any
more."""

TOOL = 3
"""Of sys.monitoring: debuggers, coverage and profilers have numbers of their own."""

BASELINES: dict[tuple[int, int], dict[str, int]] = {
    (3, 11): {
        "get": 817,
        "get by the wire": 1_308,
        "put": 1_140,
        "get by parts": 955,
        "put of parts": 1_320,
        "update": 1_268,
        "update of 8 attributes": 2_245,
        "query of 100": 30_627,
        "query of 100 from bytes": 19_766,
        "query of 100 by parts": 41_441,
        "query of 100 by parts from bytes": 28_223,
        "stream of 100": 42_907,
        "batch get of 100": 44_245,
        "batch get of 100 from bytes": 32_540,
        "batch write of 100": 135_811,
        "transaction of 10": 13_605,
        "containers of 100 items": 401,
    },
    (3, 13): {
        "get": 755,
        "get by the wire": 1_276,
        "put": 1_066,
        "get by parts": 892,
        "put of parts": 1_252,
        "update": 1_184,
        "update of 8 attributes": 2_125,
        "query of 100": 27_168,
        "query of 100 from bytes": 17_073,
        "query of 100 by parts": 37_496,
        "query of 100 by parts from bytes": 26_013,
        "stream of 100": 38_681,
        "batch get of 100": 39_677,
        "batch get of 100 from bytes": 28_730,
        "batch write of 100": 122_541,
        "transaction of 10": 12_145,
        "containers of 100 items": 501,
    },
}


@adorm.model
class Address:
    city: str
    zip: str


@adorm.model(table="orders")
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str
    total: Decimal
    quantity: int
    paid: bool
    tags: set[str]
    address: Address
    lines: list[str]
    placed_at: datetime


shop = adorm.SingleTable("shop")


@adorm.model(table=shop)
class KeyedOrder:
    """An order, whose key is made of parts."""

    customer_id: str
    order_id: str
    status: str
    total: Decimal
    quantity: int
    paid: bool
    tags: set[str]
    address: Address
    lines: list[str]
    placed_at: datetime

    @adorm.key
    def key(self, customer_id: str, order_id: str) -> adorm.KeyText:
        return f"CUSTOMER#{customer_id}", f"ORDER#{order_id}"


OrderT = TypeVar("OrderT", Order, KeyedOrder)


def order(number: int) -> Order:
    return order_of(Order, number)


def order_of(model: type[OrderT], number: int) -> OrderT:
    return model(
        customer_id="c1",
        order_id=f"o{number:04d}",
        status="open",
        total=Decimal("10.25"),
        quantity=number,
        paid=True,
        tags={"gift", "fragile"},
        address=Address(city="Berlin", zip="10115"),
        lines=["sku-1", "sku-2"],
        placed_at=datetime(2026, 11, 21, 8, 30, tzinfo=UTC),
    )


ITEM = adorm.to_attribute_map(order(0))
PAGE = [adorm.to_attribute_map(order(number)) for number in range(100)]
KEYED_ITEM = adorm.to_attribute_map(order_of(KeyedOrder, 0))
KEYED_PAGE = [adorm.to_attribute_map(order_of(KeyedOrder, number)) for number in range(100)]

MOST_FOR_PARTS = 1.15
"""How much more an operation may cost where the key is made of parts."""


async def instructions(operation: Callable[[], Awaitable[object]]) -> int:
    """Bytecode instructions executed until `operation` has ended, the event loop's in between
    included."""
    await operation()  # what is imported, compiled or cached at the first call
    await operation()
    with counting() as counted:
        await operation()
    return counted()


@contextmanager
def counting() -> Generator[Callable[[], int]]:
    """Gives a function that tells how many instructions were executed in the block, tracing's own
    aside.

    Garbage is not collected meanwhile: that of earlier tests has finalizers in Python, whose
    instructions would be counted.
    """
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        with _counting() as counted:
            yield counted
    finally:
        if was_collecting:
            gc.enable()


@contextmanager
def _counting() -> Generator[Callable[[], int]]:
    count = 0
    if sys.version_info >= (3, 12):
        monitoring = sys.monitoring
        instruction = monitoring.events.INSTRUCTION

        def executed(_code: CodeType, _offset: int) -> None:
            nonlocal count
            count += 1

        monitoring.use_tool_id(TOOL, "adorm's costs")
        monitoring.register_callback(TOOL, instruction, executed)
        monitoring.set_events(TOOL, instruction)
        try:
            yield lambda: count
        finally:
            monitoring.set_events(TOOL, monitoring.events.NO_EVENTS)
            monitoring.register_callback(TOOL, instruction, None)
            monitoring.free_tool_id(TOOL)
    else:

        def local(_frame: FrameType, event: str, _argument: object) -> Any:
            nonlocal count
            count += event == "opcode"
            return local

        def entered(frame: FrameType, _event: str, _argument: object) -> Any:
            frame.f_trace_lines = False
            frame.f_trace_opcodes = True
            return local

        before = sys.gettrace()
        sys.settrace(entered)
        try:
            yield lambda: count
        finally:
            sys.settrace(before)


class WireInMemory(asyncio.Transport):
    """A connection whose other end answers each request with the same bytes, at the loop's next
    turn."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, protocol: asyncio.BufferedProtocol, answer: bytes
    ) -> None:
        super().__init__()
        self._loop, self._protocol, self._answer = loop, protocol, answer
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        del data
        self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        buffer = memoryview(self._protocol.get_buffer(-1))
        buffer[: len(self._answer)] = self._answer
        self._protocol.buffer_updated(len(self._answer))

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    abort = close


async def wire_get() -> int:
    """One GetItem of the wire: credentials, signature, HTTP there and back, CRC, JSON."""
    body = orjson.dumps({"Item": ITEM})
    answer = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: "
        b"%d\r\n\r\n%b" % (len(body), body)
    )
    loop = asyncio.get_running_loop()

    async def connect(
        make: Callable[[], asyncio.BufferedProtocol], *_: object, **__: object
    ) -> tuple[asyncio.Transport, asyncio.BufferedProtocol]:
        protocol = make()
        transport = WireInMemory(loop, protocol, answer)
        protocol.connection_made(transport)
        return transport, protocol

    # A socket would bring the machine's timing into the count.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "create_connection", connect)
        wire = WireTransport(
            region="eu-central-1", endpoint_url="http://127.0.0.1:8000", credentials=KEY, environ={}
        )
        await wire.open()
        try:
            return await instructions(lambda: wire.send("GetItem", GET))
        finally:
            await wire.close()


async def from_bytes(
    answer: bytes, operation: Callable[[adorm.Database], Awaitable[object]]
) -> int:
    """The same as the wire hands it on, once so many items have been read that they are parsed
    straight from the bytes."""
    transport = ScriptedTransport()
    async with adorm.Database(lambda: AsJson(transport)) as db:

        def prepared() -> Awaitable[object]:
            transport.outcomes = [orjson.loads(answer)]
            return operation(db)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0)
            return await instructions(prepared)


async def counts() -> dict[str, int]:
    """Every count, by its name in BASELINES; of updates once there is generated code for their
    fields."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adorm.expressions.field_sets.WORTHWHILE_USES", 0)
        return await _counts()


async def _counts() -> dict[str, int]:
    item, nothing = orjson.dumps({"Item": ITEM}), b"{}"
    page = orjson.dumps({"Count": len(PAGE), "Items": PAGE, "ScannedCount": len(PAGE)})
    keyed_item = orjson.dumps({"Item": KEYED_ITEM})
    keyed_page = orjson.dumps({"Count": 100, "Items": KEYED_PAGE, "ScannedCount": 100})
    batch = orjson.dumps({"Responses": {"orders": PAGE}, "UnprocessedKeys": {}})
    transport = ScriptedTransport()

    def answered(
        answer: bytes, operation: Callable[[], Awaitable[object]]
    ) -> Callable[[], Awaitable[object]]:
        def prepared() -> Awaitable[object]:
            transport.outcomes = [
                orjson.loads(answer)
            ]  # a new one every time: whoever asks may take it apart
            transport.sent.clear()
            return operation()

        return prepared

    async with adorm.Database(lambda: transport) as db:
        orders, own, ten = db.table(Order), order(0), [order(number) for number in range(10)]
        hundred = [order(number) for number in range(100)]
        keyed, own_keyed = db.table(KeyedOrder), order_of(KeyedOrder, 0)
        keys = [("c1", each.order_id) for each in map(order, range(100))]
        changed = orders.update("c1", "o0000").set(Order.status, "paid").add(Order.quantity, 1)

        def update_of_8() -> Awaitable[object]:
            update = orders.update("c1", "o0000").set(Order.status, own.status)
            update = update.set(Order.total, own.total).set(Order.quantity, own.quantity)
            update = update.set(Order.paid, own.paid).set(Order.address, own.address)
            update = update.set(Order.tags, own.tags).set(Order.lines, own.lines)
            return update.set(Order.placed_at, own.placed_at)

        async def scanned() -> None:
            async with orders.scan().segments(1).stream() as rows:
                async for _ in rows:
                    pass

        async def written_together() -> None:
            async with db.transaction() as tx:
                for each in ten:
                    tx.put(each)

        return {
            "get": await instructions(answered(item, lambda: orders.get("c1", "o0000"))),
            "get by the wire": await wire_get(),
            "put": await instructions(answered(nothing, lambda: orders.put(own))),
            "get by parts": await instructions(
                answered(keyed_item, lambda: keyed.get("c1", "o0000"))
            ),
            "put of parts": await instructions(answered(nothing, lambda: keyed.put(own_keyed))),
            "update": await instructions(answered(nothing, lambda: changed)),
            "update of 8 attributes": await instructions(answered(nothing, update_of_8)),
            "query of 100": await instructions(answered(page, lambda: orders.query("c1"))),
            "query of 100 from bytes": await from_bytes(
                page, lambda db: db.table(Order).query("c1")
            ),
            "query of 100 by parts": await instructions(
                answered(keyed_page, lambda: keyed.query("c1"))
            ),
            "query of 100 by parts from bytes": await from_bytes(
                keyed_page, lambda db: db.table(KeyedOrder).query("c1")
            ),
            "stream of 100": await instructions(answered(page, scanned)),
            "batch get of 100": await instructions(answered(batch, lambda: orders.batch_get(keys))),
            "batch get of 100 from bytes": await from_bytes(
                batch, lambda db: db.table(Order).batch_get(keys)
            ),
            "batch write of 100": await instructions(
                answered(nothing, lambda: orders.batch_write(puts=hundred))
            ),
            "transaction of 10": await instructions(answered(nothing, written_together)),
            "containers of 100 items": await kept(answered(page, lambda: orders.query("c1"))),
        }


async def kept(operation: Callable[[], Awaitable[object]]) -> int:
    """Containers that the garbage collector has to visit for as long as a result is held."""
    await operation()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        result = await operation()
        after = len(gc.get_objects())
    finally:
        gc.enable()
    del result
    return after - before


@pytest.mark.skipif(sys.version_info[:2] not in BASELINES, reason="no baselines for this Python")
async def test_no_operation_became_much_dearer_or_much_cheaper_than_its_baseline() -> None:
    baselines = BASELINES[sys.version_info[:2]]
    found = await counts()
    assert found.keys() == baselines.keys()
    wrong = [
        f"{name}: {found[name]}, baseline {baseline}"
        for name, baseline in baselines.items()
        if not baseline * SLACK <= found[name] <= baseline * MARGIN
    ]
    assert not wrong, f"{'; '.join(wrong)}: see the docstring of {__name__} for what to do"


async def test_an_item_whose_key_is_made_of_parts_costs_little_more() -> None:
    """A get, a put, and each item of a page; a query itself is planned at a price of its own."""
    plain, keyed = await single_costs(Order), await single_costs(KeyedOrder)
    ratios = {name: keyed[name] / plain[name] for name in plain}
    assert max(ratios.values()) <= MOST_FOR_PARTS, ratios


async def single_costs(model: type[OrderT]) -> dict[str, int]:
    """Of a get and a put, and of the decoding of a hundred items of a page, read in both ways."""
    transport = ScriptedTransport()
    async with adorm.Database(lambda: transport) as db:
        table: adorm.Table[Any] = db.table(model)
        own = order_of(model, 0)
        item = adorm.to_attribute_map(own)
        reader = db.binding(model)
        body = orjson.dumps({"Count": 100, "Items": [item] * 100, "ScannedCount": 100})

        def got() -> Awaitable[object]:
            transport.outcomes = list[Outcome]([{"Item": item}])
            return table.get("c1", "o0000")

        def put() -> Awaitable[object]:
            transport.outcomes = []
            return table.put(own)

        async def page_of_maps() -> None:
            MapPage([item] * 100).decode_all(reader)

        async def page_of_bytes() -> None:
            parser = reader.page_parser()
            answer = None if parser is None else parser.parse(body)
            assert answer is not None
            answer["Items"].decode_all(reader)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0)
            return {
                "get": await instructions(got),
                "put": await instructions(put),
                "page": await instructions(page_of_maps),
                "page from bytes": await instructions(page_of_bytes),
            }


async def test_counting_gives_the_same_every_time_and_sees_what_is_added() -> None:
    async def little() -> int:
        return sum([1, 2])

    async def more() -> int:
        return await little() + await little()

    assert await instructions(little) == await instructions(little)
    assert await instructions(little) < await instructions(more)


if __name__ == "__main__":
    print(sys.version_info[:2], asyncio.run(cast("Any", counts())))
