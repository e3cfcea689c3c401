"""Bad input: each a clear error before anything is sent, and nothing lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

import adorm
from adorm.database import Database
from tests.support.scripted import ScriptedTransport
from tests.support.shop import Address, Bare, Counter, Event, Line, Order

pytestmark = pytest.mark.anyio


def nan() -> float:
    return float("nan")


Orders = adorm.Table[Order]
# Out of the sight of the type checkers, which would refuse many of these before Python runs.
CASES: dict[str, tuple[Callable[[Any], Awaitable[Any]], str]] = {
    "empty partition key": (
        lambda db: db.table(Order).get("", "o"),
        r"Order\.customer_id is part of a key, and DynamoDB takes no empty key",
    ),
    "empty sort key": (
        lambda db: db.table(Order).get("c", ""),
        r"Order\.order_id is part of a key, and DynamoDB takes no empty key",
    ),
    "empty key in an item": (
        lambda db: db.table(Order).put(Order(customer_id="c", order_id="")),
        r"Order\.order_id is part of a key",
    ),
    "None as a key": (
        lambda db: db.table(Order).get("c", None),
        r"Order\.order_id is part of a key, so it can't be None",
    ),
    "number as a text key": (lambda db: db.table(Order).get("c", 5), r"Order\.order_id"),
    "text as a number key": (
        lambda db: db.table(Event).get("x", datetime.fromisoformat("2026-01-01T00:00Z")),
        r"Event\.stream_id",
    ),
    "missing sort key": (
        lambda db: db.table(Order).get("c"),
        "a key of Order is customer_id and order_id; 1 value was given",
    ),
    "sort key too many": (
        lambda db: db.table(Counter).get("c", "x"),
        "a key of Counter is name; 2 values were given",
    ),
    "tuple too short": (lambda db: db.table(Order).get(("c",)), "1 value was given"),
    "key of another model": (
        lambda db: db.table(Order).get(db.table(Counter).key("a")),
        "is a key of Counter, not of Order",
    ),
    "partition key too long": (
        lambda db: db.table(Order).get("x" * 2049, "o"),
        "2049 bytes; DynamoDB takes at most 2048",
    ),
    "sort key too long": (
        lambda db: db.table(Order).get("x", "ü" * 513),
        "1026 bytes; DynamoDB takes at most 1024",
    ),
    "39 digits": (
        lambda db: db.table(Order).put(
            Order(customer_id="c", order_id="o", total=Decimal("1" * 39))
        ),
        r"Order\.total.*38",
    ),
    "not a number": (
        lambda db: db.table(Order).put(Order(customer_id="c", order_id="o", total=Decimal("NaN"))),
        r"Order\.total",
    ),
    "infinity": (
        lambda db: db.table(Order).update("c", "o").add(Order.total, Decimal("Infinity")),
        r"Order\.total",
    ),
    "float not a number": (
        lambda db: db.table(Counter).update("c").apply(adorm.path("x").set(nan())),
        "nan",
    ),
    "a float that DynamoDB can't hold": (
        lambda db: db.table(Counter).update("c").apply(adorm.path("x").set(1e-200)),
        "1e-200",
    ),
    "bool as a number": (
        lambda db: db.table(Counter).put(Counter(name="c", value=True)),
        r"Counter\.value",
    ),
    "naive datetime": (
        lambda db: db.table(Event).put(Event(stream_id=1, happened_at=datetime(2026, 1, 1))),
        r"Event\.happened_at.*naive|naive.*Event\.happened_at|Event\.happened_at.*aware",
    ),
    "wrong nested type": (
        lambda db: db.table(Order).put(
            Order(
                customer_id="c",
                order_id="o",
                lines=[
                    Line(sku="a"),
                    Line(sku=5),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake
                ],
            )
        ),
        r"Order\.lines\[1\]\.sku",
    ),
    "item above 400 KB": (
        lambda db: db.table(Order).put(
            Order(customer_id="c", order_id="o", labels={"k": "x" * 410_000})
        ),
        r"Order c/o.*400 KB|Order c/o.*409[ ,_]?600",
    ),
    "saved item above 400 KB": (
        lambda db: db.table(Order).save(
            Order(customer_id="c", order_id="o", labels={"k": "x" * 410_000})
        ),
        "Order c/o",
    ),
    "update above 400 KB": (
        lambda db: db.table(Order).update("c", "o").set(Order.note, "x" * 410_000),
        "Order c/o",
    ),
    "empty index key": (
        lambda db: db.table(Order).put(Order(customer_id="c", order_id="o", shipped_to="")),
        r"Order\.shipped_to \(key of index by-city\).*no empty key",
    ),
    "instance of another model": (
        lambda db: db.table(Order).put(Counter(name="x")),
        "an instance of Order is expected, not Counter",
    ),
    "deleting another model's instance": (
        lambda db: db.table(Order).delete(Counter(name="x")),
        "1 value was given|Order",
    ),
    "save of nothing": (
        lambda db: db.table(Order).save(Order(customer_id="c", order_id="o"), only=[]),
        "writes nothing",
    ),
    "save of a key": (
        lambda db: db.table(Order).save(
            Order(customer_id="c", order_id="o"), only=[Order.order_id]
        ),
        "part of the key",
    ),
    "save of a part": (
        lambda db: db.table(Order).save(
            Order(customer_id="c", order_id="o"), only=[Order.lines[0]]
        ),
        "use update",
    ),
    "exactly once with an answer": (
        lambda db: (
            db.table(Order).update("c", "o").add(Order.total, 1).exactly_once().returning("new")
        ),
        "returns nothing",
    ),
    "unknown return value": (
        lambda db: db.table(Order).update("c", "o").set(Order.note, "x").returning("newest"),
        "newest",
    ),
    "limit of less than nothing": (
        lambda db: db.table(Order).query("c").limit(-1),
        "limit: expected a whole number from 0 to",
    ),
    "page size of nothing": (
        lambda db: db.table(Order).query("c").page_size(0),
        "page_size: expected a whole number from 1 to",
    ),
    "hiding what can't expire": (
        lambda db: db.table(Counter).scan().hide_expired(),
        "no ttl field",
    ),
    "empty prefix of a key": (
        lambda db: db.table(Order).query("c").where(adorm.attr(Order.order_id).begins_with("")),
        r"Order\.order_id begins with nothing",
    ),
    "range from an empty key": (
        lambda db: db.table(Order).query("c").where(Order.order_id > ""),
        r"Order\.order_id is part of a key, and DynamoDB takes no empty key",
    ),
    "range of empty keys": (
        lambda db: db.table(Order).query("c").where(adorm.attr(Order.order_id).between("", "z")),
        r"Order\.order_id is part of a key, and DynamoDB takes no empty key",
    ),
    "query of None": (
        lambda db: db.table(Order).query(None),
        r"query\(None\): the partition key of Order can't be None",
    ),
    "foreign cursor": (lambda db: db.table(Order).query("c").page("not a cursor"), "no cursor"),
}


@pytest.mark.parametrize("name", CASES)
async def test_bad_input_is_refused_before_the_wire(name: str) -> None:
    operate, message = CASES[name]
    transport = ScriptedTransport()
    async with Database(lambda: transport) as db:
        with pytest.raises(adorm.UsageError, match=message):
            await operate(db)
    assert transport.sent == []


async def test_an_empty_set_where_only_none_can_be_told_is_refused() -> None:
    @adorm.model(table="things")
    class Tagged:
        name: str = adorm.partition_key()
        tags: set[str] | None = None

    transport = ScriptedTransport()
    async with Database(lambda: transport) as db:
        with pytest.raises(adorm.UsageError, match=r"Tagged\.tags"):
            await db.table(Tagged).put(Tagged(name="a", tags=set()))
    assert transport.sent == []


async def test_a_refused_write_leaves_the_instance_as_it_was() -> None:
    order = Order(
        customer_id="c",
        order_id="o",
        address=Address(city="x", zip="y"),
        labels={"k": "x" * 410_000},
    )
    before = dict(order.__dict__)
    async with Database(ScriptedTransport) as db:
        for operation in (db.table(Order).create, db.table(Order).put, db.table(Order).save):
            with pytest.raises(adorm.UsageError):
                await operation(order)
    assert order.__dict__ == before


async def test_validators_run_before_a_write() -> None:
    import attrs

    @adorm.model(table="things")
    class Sized:
        name: str = adorm.partition_key()
        size: int = adorm.attribute(default=1, validator=attrs.validators.gt(0))
        parts: list[int] = adorm.attribute(factory=list, validator=attrs.validators.min_len(0))

    sized = Sized(name="a")
    object.__setattr__(sized, "size", -1)
    async with Database(ScriptedTransport) as db:
        with pytest.raises(adorm.UsageError, match=r"Sized\.size"):
            await db.table(Sized).put(sized)


async def test_use_after_close_and_from_a_second_loop_is_a_clear_error() -> None:
    db = Database(ScriptedTransport)
    bare = db.table(Bare)
    await bare.put(Bare(name="x"))
    errors: list[BaseException] = []

    def elsewhere() -> None:
        async def use() -> None:
            await bare.put(Bare(name="y"))

        try:
            asyncio.run(use())
        except adorm.UsageError as error:
            errors.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(10)
    assert "another event loop" in str(errors[0])
    await db.close()
    await db.close()
    with pytest.raises(adorm.UsageError, match="closed"):
        await bare.put(Bare(name="x"))
    with pytest.raises(adorm.UsageError, match="closed"):
        async with db:
            pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"region": "x", "client": object()}, "a client brings its own region"),
        ({"profile": "x", "session": object()}, "a session has its own profile"),
        ({"max_connections": 0}, "max_connections"),
        ({"endpoint_url": ""}, "endpoint_url is empty"),
        ({"cursor_secret": "short"}, "16 bytes"),
        ({"table_names": str, "table_prefix": "x"}, "table_prefix"),
        ({"retry": 5}, r"connect\(retry=\.\.\.\) takes an adorm\.RetryPolicy, not int"),
        ({"retry": None}, r"connect\(retry=\.\.\.\) takes an adorm\.RetryPolicy, not None"),
        ({"hooks": 5}, r"connect\(hooks=\.\.\.\) takes a list of adorm\.CallHooks, not int"),
        (
            {"hooks": [print]},
            (
                r"connect\(hooks=\.\.\.\) takes a list of adorm\.CallHooks, not a list of "
                r"builtin_function_or_method$"
            ),
        ),
        (
            {"hooks": (adorm.LogCalls, 5)},
            r"takes a list of adorm\.CallHooks, not a tuple of int, type\[LogCalls\]$",
        ),
        (
            {"clock": 3},
            r"connect\(clock=\.\.\.\) takes an object with now\(\), monotonic\(\) and sleep\(\)",
        ),
        (
            {"max_connections": "x"},
            r"connect\(max_connections=<str>\): expected a whole number, 1 or more",
        ),
        (
            {"max_connections": True},
            r"connect\(max_connections=True\): expected a whole number, 1 or more",
        ),
        (
            {"table_prefix": None},
            r"connect\(table_prefix=\.\.\.\) takes text, empty for none, not None",
        ),
        ({"table_names": "x"}, r"connect\(table_names=\.\.\.\) takes a dict or a function"),
        (
            {"cursor_secret": 12345678901234567},
            r"connect\(cursor_secret=\.\.\.\) takes text or bytes, not int$",
        ),
        ({"random": 0.5}, r"connect\(random=\.\.\.\) takes a function"),
        ({"wrap": 5}, r"connect\(wrap=\.\.\.\) takes a function of a transport"),
        ({"endpoint_url": 8000}, r"connect\(endpoint_url=\.\.\.\) takes text"),
    ],
)
async def test_options_that_exclude_each_other_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(adorm.UsageError, match=message):
        adorm.connect(**options)
    with pytest.raises(adorm.UsageError, match="reaches nothing outside"):
        adorm.connect("memory", region="x")
    with pytest.raises(adorm.UsageError, match="endpoint_url="):
        adorm.connect("localhost")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake


async def test_table_names_are_mapped_and_prefixed() -> None:
    assert adorm.connect("memory", table_prefix="dev-").table(Order).name == "dev-orders"
    assert (
        adorm.connect("memory", table_prefix="dev-", table_names={"orders": "orders-two"})
        .table(Order)
        .name
        == "orders-two"
    )
    assert (
        adorm.connect("memory", table_names=lambda name: name + "-x").table(Order).name
        == "orders-x"
    )
    assert adorm.connect("memory", table_prefix="dev-").table(Order, name="exact").name == "exact"
    with pytest.raises(adorm.UsageError):
        adorm.connect("memory").table(Order, name="a b")


@adorm.model(table="sessions")
class Session:
    token: str = adorm.partition_key()
    customer: str
    tags: set[str]
    seen: int = 0


async def test_an_update_that_would_leave_an_unreadable_item_is_refused() -> None:
    transport = ScriptedTransport()
    async with Database(lambda: transport) as db:
        sessions = db.table(Session)
        with pytest.raises(
            adorm.UsageError,
            match=r"upsert\(\) may create an item without Session\.customer, which has no default",
        ):
            await sessions.update("t").add(Session.seen, 1).upsert()
        with pytest.raises(
            adorm.UsageError,
            match=r"Session\.customer has no default, so an item without it can't be read",
        ):
            await sessions.update("t").remove(Session.customer)
        assert transport.sent == []
        await (
            sessions.update("t")
            .add(Session.seen, 1)
            .apply(adorm.attr(Session.customer).set_if_absent("c"))
            .upsert()
        )
        await sessions.update("t").remove(Session.tags, Session.seen)
        await sessions.update("t").set(Session.customer, "c").upsert()
    assert len(transport.sent) == 3


async def test_an_operation_that_was_not_awaited_is_not_true_and_tells_no_values() -> None:
    async with Database(ScriptedTransport) as db:
        orders = db.table(Order)
        order = Order(customer_id="c", order_id="o", note="secret")
        operations: list[Any] = [
            orders.get("c", "o"),
            orders.exists("c", "o"),
            orders.create(order),
            orders.update("c", "o").set(Order.note, "secret"),
            orders.query("c").filter(Order.note == "secret"),
            orders.scan().filter(Order.note == "secret").segments(4),
            orders.query("c").count(),
            orders.batch_write(puts=[order]),
        ]
        for operation in operations:
            with pytest.raises(adorm.MisusedExpression, match="write `await` before it"):
                bool(operation)
            assert "secret" not in repr(operation)
            assert len(repr(operation)) < 80
        assert repr(operations[2]) == "<Put Order, not awaited>"
        assert repr(operations[4]) == "<Query Order, not awaited>"


async def test_a_table_that_is_not_there_is_named_with_what_to_do() -> None:
    async with adorm.connect("memory", table_prefix="dev-") as db:
        with pytest.raises(adorm.ResourceNotFound, match=r"table dev-counters.*ensure_table"):
            await db.table(Counter).get("a")
