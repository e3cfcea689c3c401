"""Answers that are JSON, but not of the shape of DynamoDB's: whatever is in them, an error is
adorm's own and can be printed.

A real engine's answer is changed in one place, chosen by a seed: a member is gone, or junk is in
its place.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest

import adorm
from adorm.errors import (
    AdormError,
    ConditionalCheckFailed,
    ConnectionFailed,
    ServiceError,
    TransactionCanceled,
)
from adorm.transport.base import (
    Answer,
    AnswerReader,
    LastCheck,
    Request,
    Transport,
    WrappedTransport,
)
from adorm.transport.wire.answer_parser import Response
from adorm.transport.wire.answers import error_of_answer

pytestmark = pytest.mark.anyio

ROUNDS = 25

JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1e300,
    float("inf"),
    "",
    "abc",
    "1e999",
    [],
    [1],
    {},
    {"S": 1},
    {"N": "x"},
    {"N": "1e999"},
    {"M": {"a": None}},
    {"S": "a", "N": "1"},
    [None],
    [[]],
]


@adorm.model
class Line:
    sku: str
    n: int = 1


@adorm.model(
    table="orders",
    indexes=[
        adorm.GlobalIndex("by-status", partition="status", sort="total"),
        adorm.GlobalIndex("keys", partition="status", projection="KEYS_ONLY"),
    ],
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str = "open"
    total: Decimal = Decimal(0)
    weight: float = 0.0
    tags: set[str] = adorm.attribute(factory=set)
    lines: list[Line] = adorm.attribute(factory=list)
    version: int = adorm.version()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    members: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        members = list(value.items())  # pyright: ignore[reportUnknownArgumentType]  # of anything
    elif isinstance(value, list):
        members = list(enumerate(value))  # pyright: ignore[reportUnknownArgumentType]  # of anything
    for step, part in members:
        yield from places(part, (*path, step))


def changed(random: Random, answer: dict[str, Any]) -> dict[str, Any]:
    answer = copy.deepcopy(answer)
    known = list(places(answer))
    if not known:
        return {
            random.choice(
                ["Item", "Items", "Attributes", "Responses", "UnprocessedItems"]
            ): random.choice(JUNK)
        }
    *parents, last = random.choice(known)
    parent: Any = answer
    for step in parents:
        parent = parent[step]
    if random.random() < 0.25:
        del parent[last]
    else:
        parent[last] = copy.deepcopy(random.choice(JUNK))
    return answer


class Hostile(WrappedTransport):
    """Changes one answer, the next one, when `random` is set; all answers come as JSON's bytes."""

    def __init__(self) -> None:  # the engine comes by __call__
        self.random: Random | None = None

    def __call__(self, engine: Transport) -> Transport:
        super().__init__(engine)
        return self

    async def send(
        self,
        operation: str,
        request: Request,
        read: AnswerReader | None = None,
        last_check: LastCheck | None = None,
        /,
    ) -> Answer:
        try:
            answer: dict[str, Any] = await self.inner.send(operation, request, None, last_check)
        except ServiceError as error:
            body = self._change(_body(error))
            raise error_of_answer(
                operation, Response(400, {}, _json(body)), endpoint_url="x"
            ) from None
        raw = _json(self._change(answer))
        if read is not None and (parsed := read(raw)) is not None:
            return parsed
        try:
            plain: Answer = json.loads(raw, parse_constant=_refuse, parse_float=_finite)
        except ValueError as error:
            raise ConnectionFailed("the answer is not JSON", maybe_applied=True) from error
        return plain

    def _change(self, body: dict[str, Any]) -> dict[str, Any]:
        random, self.random = self.random, None
        return body if random is None else changed(random, body)


def _body(error: ServiceError) -> dict[str, Any]:
    body: dict[str, Any] = {"__type": error.code, "message": error.message}
    if isinstance(error, ConditionalCheckFailed) and error.attribute_map:
        body["Item"] = error.attribute_map
    if isinstance(error, TransactionCanceled):
        body["CancellationReasons"] = [
            {"Code": reason.code or "None", "Message": reason.message}
            | ({"Item": reason.attribute_map} if reason.attribute_map else {})
            for reason in error.reasons
        ]
    return body


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body).replace("Infinity", "1e999").encode()


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), -float("inf")):
        raise ValueError(text)
    return number


def operations(db: adorm.Database) -> dict[str, Callable[[], Awaitable[object]]]:
    orders = db.table(Order)
    keys = [("c1", f"o{number}") for number in range(4)]

    async def stream() -> None:
        async with orders.query("c1").stream() as rows:
            async for _ in rows:
                pass

    async def segments() -> None:
        async with orders.scan().segments(2).stream() as rows:
            async for _ in rows:
                rows.checkpoint()

    async def pages() -> None:
        cursor = None
        for _ in range(3):
            cursor = (await orders.query("c1").limit(3).page(cursor)).cursor
            if cursor is None:
                return

    async def transaction() -> None:
        async with db.transaction() as tx:
            tx.create(Order(customer_id="c1", order_id="o1"))
            tx.update(Order, "c1", "o2").set(Order.status, "x").when(Order.status == "nope")

    async def block() -> None:
        async with orders.batch() as batch:
            await batch.put(Order(customer_id="c1", order_id="b1"))

    async def loader() -> None:
        async with orders.loader() as each:
            await each.load("c1", "o1")

    async def conflict() -> None:
        await orders.save(Order(customer_id="c1", order_id="o1", version=99))

    async def capacity() -> None:
        async with db.capacity():
            await orders.query("c1")

    return {
        "get": lambda: orders.get("c1", "o1"),
        "get or none": lambda: orders.get_or_none("c1", "zz"),
        "query": lambda: orders.query("c1"),
        "query, limited": lambda: orders.query("c1").filter(Order.total > 2).limit(2),
        "count": lambda: orders.query("c1").count(),
        "sum": lambda: orders.query("c1").sum(Order.total),
        "min": lambda: orders.query("c1").min(Order.total),
        "count by": lambda: orders.query("c1").count_by(Order.status),
        "select": lambda: orders.query("c1").select(Order.total, Order.tags, Order.lines[0].sku),
        "first": lambda: orders.query("c1").first(),
        "exists": lambda: orders.query("c1").exists(),
        "by an index": lambda: orders.query().where(Order.status == "open"),
        "hydrate": lambda: orders.query().index("keys").where(Order.status == "open").hydrate(),
        "stream": stream,
        "pages": pages,
        "scan": orders.scan,
        "scan, limited": lambda: orders.scan().limit(2),
        "segments": segments,
        "auto": lambda: orders.scan().segments("auto"),
        "progress": lambda: orders.scan().on_progress(lambda _: None),
        "paced": lambda: orders.scan().read_units_per_s(1e6),
        "collect": lambda: orders.scan().segments(2).collect_errors(),
        "batch get": lambda: orders.batch_get(keys),
        "batch get, selected": lambda: orders.batch_get(keys).select(Order.total),
        "batch write": lambda: orders.batch_write(
            puts=[Order(customer_id="c1", order_id=f"w{number}") for number in range(3)]
        ),
        "block": block,
        "loader": loader,
        "transact get": lambda: db.transact_get(orders.key("c1", "o1"), orders.key("c1", "zz")),
        "transaction": transaction,
        "put": lambda: orders.put(Order(customer_id="c1", order_id="p1")),
        "create": lambda: orders.create(Order(customer_id="c1", order_id="o1")),
        "conflict": conflict,
        "update": lambda: orders.update("c1", "o1").set(Order.status, "open").returning("new"),
        "update, a part": lambda: (
            orders.update("c1", "o1").add(Order.total, 0).returning("updated_new")
        ),
        "update, failing": lambda: (
            orders.update("c1", "o1").set(Order.status, "x").when(Order.status == "nope")
        ),
        "update many": lambda: orders.update_many(keys[:2]).set(Order.status, "open"),
        "exactly once": lambda: orders.update("c1", "o1").set(Order.status, "open").exactly_once(),
        "delete": lambda: orders.delete("c1", "zz").when(Order.status == "nope"),
        "delete, old": lambda: orders.delete("c1", "o7").returning("old"),
        "read, modify, write": lambda: orders.read_modify_write(
            orders.key("c1", "o1"), lambda _: None
        ),
        "ensure": lambda: db.ensure_table(Order),
        "capacity": capacity,
    }


@pytest.mark.parametrize("from_bytes", [False, True], ids=["as JSON", "from bytes"])
async def test_whatever_is_answered_an_error_is_adorms_own(
    from_bytes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0 if from_bytes else 10**9)
    monkeypatch.setattr("adorm.codec.compiled.pages.MOST_MISSES", 10**9)
    hostile = Hostile()
    policy = adorm.RetryPolicy(max_attempts=2, base_delay_s=0)
    failures = 0
    async with adorm.connect("memory", wrap=hostile, retry=policy) as db:
        await db.create_table(Order)
        for number in range(8):
            lines = [Line(sku="x")]
            await db.table(Order).put(
                Order(
                    customer_id="c1",
                    order_id=f"o{number}",
                    total=Decimal(number),
                    tags={"a"},
                    lines=lines,
                )
            )
        for name, operation in operations(db).items():
            for seed in range(ROUNDS):
                hostile.random = Random(f"{name} {seed}")
                try:
                    await operation()
                except AdormError as error:
                    failures += 1
                    assert str(error)
                    for part in getattr(error, "exceptions", ()):
                        assert isinstance(part, AdormError), (name, seed)
                except Exception as error:
                    raise AssertionError(
                        f"{name!r}, seed {seed}: {type(error).__name__}"
                    ) from error
                hostile.random = None
    assert failures > 100


async def test_a_read_of_a_wrong_shape_is_tried_again() -> None:
    hostile = Hostile()
    async with adorm.connect("memory", wrap=hostile, retry=adorm.RetryPolicy(base_delay_s=0)) as db:
        await db.create_table(Order)
        await db.table(Order).put(Order(customer_id="c1", order_id="o1"))

        class Junk(Random):
            def choice(self, seq: Any) -> Any:
                return ("Items",) if isinstance(seq[0], tuple) else 7

            def random(self) -> float:
                return 1.0

        hostile.random = Junk()
        assert len(await db.table(Order).query("c1")) == 1
        hostile.random = Junk()
        with pytest.raises(ConnectionFailed, match="Items is a JSON int, not a list"):
            await db.table(Order).query("c1").retry(adorm.RetryPolicy(max_attempts=1))
