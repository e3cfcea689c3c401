"""Values and credentials that were planted are found in no span, no metric, no log record and no
repr, whatever goes wrong."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

import adorm
from adorm.telemetry.logs import LogCalls
from adorm.testing import Faults, Recorder
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.wire.transport import WireTransport
from tests.support.fake_table import FakeTable
from tests.support.loopback import (
    HTML_500,
    MALFORMED_JSON,
    NOT_HTTP,
    TOO_LARGE,
    WRONG_CRC,
    Drop,
    LoopbackServer,
    Reply,
    ServiceFault,
    Silence,
)
from tests.support.telemetry import Telemetry

pytestmark = pytest.mark.anyio

MARK = "plnt"
"""Stands in every planted value, several times, so that a piece of one is found too."""


def planted(name: str) -> str:
    return f"{MARK}{name}{MARK}{MARK}"


PARTITION, SORT, OTHER_SORT = planted("pk"), planted("sk"), planted("sk2")
ACCESS_KEY_ID, SECRET, TOKEN = planted("AKID"), planted("secret"), planted("token")
CURSOR_SECRET = planted("cursor-secret")
DYNAMODBS_WORDS = ServiceFault("ValidationException", f"the value {planted('quoted')} is not liked")


@adorm.model(
    table="orders", indexes=[adorm.GlobalIndex("by-status", partition="status", sort="order_id")]
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str = planted("status")
    total: int = 0
    labels: dict[str, str] = adorm.attribute(factory=dict)
    version: int = adorm.version()


class Kept(logging.Handler):
    """Every record of adorm and asyncio, as all the text that it could become."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in {"adorm", "asyncio"}:
            parts = [
                record.getMessage(),
                *(f"{name}={value!r}" for name, value in vars(record).items()),
            ]
            if record.exc_info is not None and record.exc_info[1] is not None:
                parts += traceback.format_exception(record.exc_info[1])
            self.texts.append(f"{record.name}: {' '.join(parts)}")


@asynccontextmanager
async def everything_kept() -> AsyncGenerator[Kept]:
    """All logging there is, asyncio's debug mode included."""
    kept, root, loop = Kept(), logging.getLogger(), asyncio.get_running_loop()
    levels = {
        name: logging.getLogger(name).level for name in ("", "adorm", "adorm.calls", "asyncio")
    }
    debug, slow = loop.get_debug(), loop.slow_callback_duration
    root.addHandler(kept)
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    try:
        yield kept
    finally:
        loop.set_debug(debug)
        loop.slow_callback_duration = slow
        root.removeHandler(kept)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def broken_hook(_details: object) -> None:
    raise LookupError("in a hook")


class Watched:
    """Telemetry of every kind, and what was seen by it."""

    def __init__(self) -> None:
        self.telemetry = Telemetry()
        self.details: list[str] = []
        self.failures: list[str] = []

    @property
    def hooks(self) -> list[adorm.CallHooks]:
        seen = self.details

        def see(details: object) -> None:
            seen.append(repr(details))

        return [
            self.telemetry.hooks,
            LogCalls(slow_call_s=0, capacity=True),
            adorm.CallHooks(before_call=see, after_call=see, before_attempt=see, after_attempt=see),
            adorm.CallHooks(
                before_call=broken_hook,
                after_call=broken_hook,
                before_attempt=broken_hook,
                after_attempt=broken_hook,
            ),
        ]

    async def try_(self, *operations: Awaitable[Any] | Callable[[], Awaitable[Any]]) -> None:
        """Carry them out, whatever they raise."""
        for operation in operations:
            try:
                await (operation() if callable(operation) else operation)
            except Exception as error:  # noqa: BLE001  # whatever it is
                self.failures.append(type(error).__name__)

    def assert_nothing_is_found(self, kept: Kept, *reprs: object) -> None:
        places = [
            self.telemetry.everything(),
            *kept.texts,
            *self.details,
            *map(repr, reprs),
            *map(str, self.telemetry.spans),
        ]
        found = [
            place[max(0, place.find(MARK) - 300) : place.find(MARK) + 100]
            for place in places
            if MARK in place
        ]
        assert found == [], "\n\n".join(found[:5])


async def work(db: adorm.Database, watched: Watched) -> list[object]:
    """Every kind of operation, well and ill; gives what has a repr."""
    orders, try_ = db.table(Order), watched.try_
    order = Order(customer_id=PARTITION, order_id=SORT, labels={planted("label"): planted("value")})
    stale = Order(customer_id=PARTITION, order_id=SORT)
    many = [Order(customer_id=PARTITION, order_id=f"{SORT}{number}") for number in range(30)]
    path = Order.labels[planted("label")] == planted("value")
    update = (
        orders.update(PARTITION, SORT)
        .set(Order.status, planted("new"))
        .add(Order.total, 1)
        .when(path)
    )
    query = orders.query(PARTITION).where(Order.order_id >= SORT).filter(path)
    scan = orders.scan().where(Order.status == planted("none")).segments(2)
    odd = {
        "customer_id": {"S": PARTITION},
        "order_id": {"S": "odd"},
        "total": {"S": planted("odd")},
    }
    write = orders.put(order)
    await try_(
        orders.create(order),
        orders.create(stale),
        orders.save(stale),
        orders.save(order),
        write,
        update,
        orders.update(PARTITION, OTHER_SORT).set(Order.status, planted("x")),
        orders.delete(PARTITION, SORT).when(Order.status == planted("not this")),
        orders.get(PARTITION, SORT),
        orders.get(PARTITION, OTHER_SORT),
        orders.batch_write(puts=many),
        orders.batch_get([(PARTITION, SORT), (PARTITION, OTHER_SORT)]),
        query,
        lambda: query.limit(1).page(),
        orders.query().where(Order.status == planted("status")),
        orders.query(PARTITION).select(Order.order_id, Order.status),
        scan,
        orders.scan().sum(Order.total),
        db.transact_get(orders.key(PARTITION, SORT), orders.key(PARTITION, OTHER_SORT)),
        lambda: db.gather(orders.get(PARTITION, OTHER_SORT), orders.create(stale)),
        db.call("PutItem", {"TableName": "orders", "Item": odd}),
        orders.get(PARTITION, "odd"),
        orders.get(PARTITION, ""),
        orders.scan(),
        db.call("PutItem", {"TableName": "orders", "Item": {"nonsense": {"S": PARTITION}}}),
        db.call(
            "UpdateItem",
            {
                "TableName": "orders",
                "Key": {"customer_id": {"S": PARTITION}},
                "UpdateExpression": planted("expression"),
            },
        ),
        db.call("Query", {"TableName": "orders", "KeyConditionExpression": planted("expression")}),
        db.call("PutItem", {"TableName": "orders", "Item": {"customer_id": object()}}),
        db.call(
            "GetItem", {"TableName": "no-such-table", "Key": {"customer_id": {"S": PARTITION}}}
        ),
    )

    async def transaction() -> None:
        async with db.transaction() as tx:
            tx.create(Order(customer_id=PARTITION, order_id=planted("fresh")))
            tx.create(stale)

    async def late() -> None:
        async with adorm.deadline(0):
            await orders.get(PARTITION, SORT)

    async def cancelled() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await orders.put(order)

    async def block() -> None:
        async with orders.batch() as batch:
            for each in many:
                await batch.put(each)
        async with orders.scan().segments(2).stream() as rows:
            async for _ in rows:
                break
        async with orders.loader() as loader:
            await loader.load((PARTITION, SORT))

    await try_(transaction, late, cancelled, block)
    return [
        db,
        orders,
        write,
        update,
        query,
        scan,
        orders.get(PARTITION, SORT),
        orders.delete(PARTITION, SORT),
        orders.batch_get([(PARTITION, SORT)]),
    ]


async def test_in_memory_with_faults_of_every_kind() -> None:
    watched, faults, recorder = Watched(), Faults(), Recorder()
    async with everything_kept() as kept:
        async with adorm.connect(
            "memory",
            hooks=watched.hooks,
            cursor_secret=CURSOR_SECRET,
            wrap=lambda engine: faults(recorder(engine)),
            retry=adorm.RetryPolicy(base_delay_s=0.0001),
        ) as db:
            await db.create_table(Order, wait=False)
            for operation in (
                "PutItem",
                "GetItem",
                "Query",
                "Scan",
                "UpdateItem",
                "TransactWriteItems",
                "BatchWriteItem",
                "BatchGetItem",
            ):
                faults.on(operation, call=1).throttle()
                faults.on(operation, call=3).drop(applied=True)
            reprs = await work(db, watched)
        assert {
            "ItemExists",
            "VersionConflict",
            "ItemNotFound",
            "ItemDecodeError",
            "ValidationFailed",
            "TransactionCanceled",
        } <= set(watched.failures)
        assert {"DeadlineExceeded", "BadValue", "ResourceNotFound"} <= set(watched.failures)
    assert len(watched.telemetry.spans) > 30
    assert any("adorm.calls" in text for text in kept.texts)
    assert any("in a hook" in text for text in kept.texts)
    watched.assert_nothing_is_found(kept, *reprs, faults, recorder, *recorder.sent)


async def test_on_the_wire_with_answers_of_every_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    watched, table = Watched(), FakeTable()
    engines: list[Any] = []

    def look(engine: Any) -> Any:
        engines.append(engine)
        return engine

    await table.open(
        {
            "TableName": "orders",
            "KeySchema": [
                {"AttributeName": "customer_id", "KeyType": "HASH"},
                {"AttributeName": "order_id", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"}
                for name in ("customer_id", "order_id", "status")
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-status",
                    "KeySchema": [
                        {"AttributeName": "status", "KeyType": "HASH"},
                        {"AttributeName": "order_id", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            "BillingMode": "PAY_PER_REQUEST",
        }
    )
    async with LoopbackServer(table) as server, everything_kept() as kept:
        echo = Reply(
            f"<html>{TOKEN} {SECRET} {PARTITION}</html>".encode(),
            502,
            {"content-type": "text/html"},
            crc="none",
        )
        odd_code = Reply(
            f'{{"__type": "{planted("type")} <x>", "message": "{PARTITION}"}}'.encode(),
            400,
            crc="none",
        )
        cut_off = Drop("half the body")
        for operation in (
            "PutItem",
            "GetItem",
            "UpdateItem",
            "Query",
            "Scan",
            "BatchGetItem",
            "TransactWriteItems",
        ):
            server.script(
                operation,
                WRONG_CRC,
                echo,
                cut_off,
                {},
                DYNAMODBS_WORDS,
                odd_code,
                HTML_500,
                MALFORMED_JSON,
            )
        server.script(
            "DeleteItem",
            TOO_LARGE,
            NOT_HTTP,
            ServiceFault("ExpiredTokenException", f"{TOKEN} is over"),
        )
        async with adorm.connect(
            endpoint_url=server.url,
            region="eu-central-1",
            hooks=watched.hooks,
            cursor_secret=CURSOR_SECRET,
            wrap=look,
            retry=adorm.RetryPolicy(base_delay_s=0.0001),
        ) as db:
            reprs = await work(db, watched)
            reprs += await work(db, watched)
            server.script("GetItem", Silence("half the body"))
            seen = len(server.requests)
            async with anyio.create_task_group() as group:
                group.start_soon(watched.try_, db.table(Order).get(PARTITION, SORT))
                await server.received(seen + 1)
                group.cancel_scope.cancel()
            reprs += [
                engines[0],
                vars(engines[0])["_pool"],
                vars(engines[0])["_writer"],
                vars(engines[0])["_credentials"],
            ]
    assert ACCESS_KEY_ID in server.requests[0].headers["authorization"]
    assert PARTITION in str(server.requests[0].body)
    assert {
        "ServiceError",
        "ValidationFailed",
        "ItemDecodeError",
        "ScanFailed",
        "BatchFailed",
        "GatherFailed",
    } <= set(watched.failures)
    met = {
        str((event.attributes or {}).get("error.type"))
        for span in watched.telemetry.spans
        for event in span.events
    }
    assert {
        "ConnectionFailed",
        "Unknown",
        "BadGateway",
        "InternalServerError",
        "ValidationException",
        "CancelledError",
    } <= met
    watched.assert_nothing_is_found(kept, *reprs)


async def test_what_is_planted_would_be_found() -> None:
    watched = Watched()
    async with everything_kept() as kept:
        logging.getLogger("adorm.calls").debug("a line", extra={"key": PARTITION})
    with pytest.raises(AssertionError, match=MARK):
        watched.assert_nothing_is_found(kept)
    with pytest.raises(AssertionError, match=MARK):
        watched.assert_nothing_is_found(Kept(), {"key": PARTITION})
    with watched.telemetry.tracer.start_as_current_span("x", attributes={"key": PARTITION}):
        pass
    with pytest.raises(AssertionError, match=MARK):
        watched.assert_nothing_is_found(Kept())


async def test_credentials_show_nothing() -> None:
    credentials = Credentials(ACCESS_KEY_ID, SECRET, TOKEN)
    transport = WireTransport(
        region="eu-central-1",
        endpoint_url="http://127.0.0.1:1",
        credentials=credentials,
        environ={},
    )
    assert MARK not in repr([credentials, transport, vars(transport)])
