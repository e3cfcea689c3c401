"""An item that does not fit the model, among others: it is told, and bars the way to none of
them."""

from __future__ import annotations

from typing import Any

import pytest

import adorm
from adorm.clock import use_clock
from adorm.testing import FakeClock
from tests.support.scripted import ScriptedTransport

pytestmark = pytest.mark.anyio


@adorm.model(
    table="orders",
    indexes=[adorm.GlobalIndex("by-status", partition="status", projection="KEYS_ONLY")],
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str = "open"
    total: int = 0


BAD = {"o2", "o3", "o6"}


@pytest.fixture
async def orders(adorm_db: adorm.Database) -> adorm.Table[Order]:
    await adorm_db.ensure_table(Order)
    table = adorm_db.table(Order)
    for number in range(8):
        await table.put(Order(customer_id="c", order_id=f"o{number}", total=number))
    for order_id in BAD:
        key = {"customer_id": {"S": "c"}, "order_id": {"S": order_id}}
        item = {**key, "status": {"S": "open"}, "total": {"S": "much"}}
        await adorm_db.call("PutItem", {"TableName": "orders", "Item": item})
    return table


GOOD = ["o0", "o1", "o4", "o5", "o7"]


def told(errors: Any) -> list[str]:
    assert all(isinstance(error, adorm.ItemDecodeError) for error in errors)
    assert all(error.attribute_map["total"] == {"S": "much"} for error in errors)
    return [error.key["order_id"]["S"] for error in errors]


async def test_a_query_collects_errors(orders: adorm.Table[Order]) -> None:
    result = await orders.query("c").page_size(2).collect_errors()
    assert [order.order_id for order in result.items] == GOOD
    assert told(result.errors) == ["o2", "o3", "o6"]
    assert result.capacity.read_units > 0
    rows = await orders.query("c").select(Order.order_id, Order.total).collect_errors()
    assert [order_id for order_id, _ in rows.items] == GOOD
    assert len(rows.errors) == 3
    hydrated = await orders.query("open").index("by-status").hydrate().collect_errors()
    assert sorted(order.order_id for order in hydrated.items) == GOOD
    assert sorted(told(hydrated.errors)) == sorted(BAD)
    nothing = await orders.query("none").collect_errors()
    assert (nothing.items, nothing.errors) == ([], [])


async def test_a_collecting_query_is_an_operation_as_any_other(
    orders: adorm.Table[Order], adorm_db: adorm.Database
) -> None:
    query = orders.query("c").collect_errors()
    assert query.request() == orders.query("c").request()
    assert query.explain().operation == "Query"
    (result,) = await adorm_db.gather(query)
    assert len(result.items) == 5
    assert (await query.page()).errors


async def test_a_stream_that_collects_errors_passes_over_them(orders: adorm.Table[Order]) -> None:
    async with orders.query("c").page_size(2).collect_errors().stream() as rows:
        seen = [order.order_id async for order in rows]
    assert seen == GOOD
    assert told(rows.errors) == ["o2", "o3", "o6"]


async def test_without_it_a_query_raises_and_says_what_reads_on(orders: adorm.Table[Order]) -> None:
    with pytest.raises(adorm.ItemDecodeError, match=r"\$\.total") as caught:
        await orders.query("c")
    assert "collect_errors() gives the items that can be read" in caught.value.__notes__[0]


@pytest.mark.parametrize("in_block", [False, True])
async def test_iteration_gives_what_comes_before_and_goes_on_after_the_error(
    orders: adorm.Table[Order], in_block: bool
) -> None:
    seen: list[str] = []

    async def drain(rows: Any) -> None:
        while True:
            try:
                seen.append((await anext(rows)).order_id)
            except adorm.ItemDecodeError as error:
                seen.append(f"not {error.key['order_id']['S']}")
            except StopAsyncIteration:
                return

    if in_block:
        async with orders.query("c").page_size(3).stream() as rows:
            await drain(aiter(rows))
            assert rows.errors == []
    else:
        await drain(aiter(orders.query("c").page_size(3)))
    assert seen == ["o0", "o1", "not o2", "not o3", "o4", "o5", "not o6", "o7"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
async def test_pages_go_past_it_and_say_so(orders: adorm.Table[Order], limit: int) -> None:
    seen: list[str] = []
    wrong: list[adorm.ItemDecodeError] = []
    cursor = None
    for _ in range(20):
        page = await orders.query("c").limit(limit).page(cursor)
        assert page.count == len(page.items)
        assert len(page.items) + len(page.errors) <= limit
        seen += [order.order_id for order in page.items]
        wrong += page.errors
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == GOOD
    assert told(wrong) == ["o2", "o3", "o6"]


async def test_pages_of_indexes_scans_and_rows_go_past_it_too(orders: adorm.Table[Order]) -> None:
    hydrated = await orders.query("open").index("by-status").hydrate().page()
    scanned = await orders.scan().page()
    rows = await orders.query("c").select(Order.total).page()
    for page in (hydrated, scanned, rows):
        assert (len(page.items), len(page.errors), page.cursor) == (5, 3, None)
    assert "3 that can't be read" in scanned._repr_html_()


async def test_large_pages_read_from_their_bytes_go_past_it_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.support.as_json import AsJson

    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0)
    items = [
        adorm.to_attribute_map(Order(customer_id="c", order_id=f"o{number}", total=number))
        for number in range(4)
    ]
    items[2]["total"] = {"S": "much"}
    transport = ScriptedTransport([{"Items": items, "Count": 4, "ScannedCount": 4}])
    async with adorm.Database(lambda: AsJson(transport)) as db:
        page = await db.table(Order).query("c").page()
    assert [order.order_id for order in page.items] == ["o0", "o1", "o3"]
    assert told(page.errors) == ["o2"]


# ---- deadlines


def filtered(count: int) -> list[Any]:
    """Answers of DynamoDB's, each of one item read, of which every third meets the filter."""
    answers: list[Any] = []
    for number in range(count):
        key = {"customer_id": {"S": "c"}, "order_id": {"S": f"o{number}"}}
        items = [{**key, "total": {"N": "1"}}] if number % 3 == 2 else []
        answers.append(
            {"Items": items, "Count": len(items), "ScannedCount": 1, "LastEvaluatedKey": key}
        )
    del answers[-1]["LastEvaluatedKey"]
    return answers


class Ticking(ScriptedTransport):
    """Each request takes a second, by the fake clock."""

    def __init__(self, clock: FakeClock, outcomes: list[Any]) -> None:
        super().__init__()
        self.clock, self.outcomes = clock, outcomes

    async def send(self, operation: str, request: Any, /, *_: object) -> Any:
        self.clock.advance(1.0)
        return await super().send(operation, request)


async def test_a_page_that_runs_out_of_time_tells_where_to_go_on_and_what_it_has() -> None:
    clock = FakeClock()
    transport = Ticking(clock, filtered(12))
    seen: list[str] = []
    late = 0
    async with adorm.Database(lambda: transport, {"clock": clock}) as db:
        cursor = None
        for _ in range(20):
            query = db.table(Order).query("c").filter(Order.total == 1).limit(10)
            try:
                with use_clock(clock):
                    async with adorm.deadline(2.5):
                        page = await query.page(cursor)
                page_cursor = page.cursor
            except adorm.DeadlineExceeded as error:
                late += 1
                page, page_cursor = error.result, error.cursor
                assert page.cursor == page_cursor
            seen += [order.order_id for order in page.items]
            cursor = page_cursor
            if cursor is None:
                break
    assert seen == ["o2", "o5", "o8", "o11"]
    assert late >= 3


async def test_a_page_that_read_nothing_goes_on_where_it_was_to_begin() -> None:
    transport = ScriptedTransport(filtered(3))
    async with adorm.Database(lambda: transport) as db:
        query = db.table(Order).query("c").filter(Order.total == 1)
        cursor = (await query.page()).cursor
        assert cursor is not None
        for given in (None, cursor):
            async with adorm.deadline(0):
                with pytest.raises(adorm.DeadlineExceeded) as caught:
                    await query.limit(5).page(given)
            assert (caught.value.cursor, caught.value.result) == (given, None)


async def test_a_query_that_runs_out_of_time_tells_what_it_has_and_where_a_page_goes_on() -> None:
    clock = FakeClock()
    transport = Ticking(clock, filtered(6))
    async with adorm.Database(lambda: transport, {"clock": clock}) as db:
        query = db.table(Order).query("c").filter(Order.total == 1)
        with use_clock(clock):
            async with adorm.deadline(3.5):
                with pytest.raises(adorm.DeadlineExceeded) as caught:
                    await query
        assert [order.order_id for order in caught.value.result] == ["o2"]
        rest = await query.limit(10).page(caught.value.cursor)
    assert [order.order_id for order in rest.items] == ["o5"]
