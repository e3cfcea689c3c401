"""Tables: the requests exactly, waiting by a clock that stands still, and the whole life of one on
real engines."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Coroutine
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import anyio
import attrs
import pytest
from anyio.lowlevel import checkpoint

import adorm
from adorm.calls.call import Calls
from adorm.clock import use_clock
from adorm.deadlines import deadline
from adorm.errors import (
    AccessDenied,
    ConnectionFailed,
    DeadlineExceeded,
    ResourceNotFound,
    ServiceError,
    UsageError,
    ValidationFailed,
)
from adorm.memory.engine import Engine
from adorm.models import model_info
from adorm.retry import RetryPolicy
from adorm.tables.descriptions import TableDescription, differences, read_description
from adorm.tables.lifecycle import create_table, delete_table, describe_table, ensure_table
from adorm.tables.names import check_table_name
from adorm.tables.poller import poll_delay_s
from adorm.tables.requests import Provisioned, create_table_request
from adorm.testing import LocalDynamoDB
from adorm.testing.clock import FakeClock
from adorm.transport.base import Answer, Request, WrappedTransport
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.memory import MemoryTransport
from adorm.transport.wire.transport import WireTransport
from tests.support.scripted import Outcome, ScriptedTransport, internal, lost, refusal

pytestmark = pytest.mark.anyio


@adorm.model(
    table="orders",
    indexes=[
        adorm.GlobalIndex(
            "by-status",
            partition="status",
            sort="created_at",
            projection=["total", "note", "status", "order_id"],
        ),
        adorm.GlobalIndex("by-total", partition="total"),
        adorm.LocalIndex("by-age", sort="created_at", projection="KEYS_ONLY"),
    ],
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: int = adorm.sort_key()
    status: str = "open"
    total: Decimal = Decimal(0)
    note: str = adorm.attribute(default="", name="n")
    created_at: datetime = adorm.created_at()


@adorm.model(table="sessions")
class Session:
    token: bytes = adorm.partition_key()
    expires_at: datetime | None = adorm.ttl(name="exp")


@adorm.model(
    table="matches",
    indexes=[
        adorm.GlobalIndex(
            "by-round", partition=["tournament", "region"], sort=["round", "bracket", "id"]
        ),
        adorm.GlobalIndex("by-player", partition="player", sort="id", projection=["id", "player"]),
    ],
)
class Match:
    id: str = adorm.partition_key()
    tournament: str
    region: str
    round: int
    bracket: str
    player: bytes


class Money:
    """What only a hook of the user's can store."""


@adorm.model(table="prices", indexes=[adorm.GlobalIndex("by-price", partition="price")])
class Price:
    id: str = adorm.partition_key(name="pk")
    price: Money


ORDER, SESSION, MATCH, PRICE = (
    model_info(Order),
    model_info(Session),
    model_info(Match),
    model_info(Price),
)
ORDER_REQUEST = create_table_request(ORDER, "orders")
SESSION_REQUEST = create_table_request(SESSION, "sessions")
ENABLE_TTL = {
    "TableName": "sessions",
    "TimeToLiveSpecification": {"AttributeName": "exp", "Enabled": True},
}


def described(
    request: dict[str, Any] = ORDER_REQUEST,
    status: str = "ACTIVE",
    index_status: str = "ACTIVE",
    **more: object,
) -> dict[str, Any]:
    """A table as DynamoDB would describe it."""
    raw: dict[str, Any] = {
        **deepcopy(request),
        "TableStatus": status,
        "ItemCount": 0,
        "TableSizeBytes": 0,
        **more,
    }
    raw["BillingModeSummary"] = {"BillingMode": raw.pop("BillingMode")}
    if "GlobalSecondaryIndexes" in request:
        raw["GlobalSecondaryIndexes"] = [
            {**index, "IndexStatus": index_status} for index in raw["GlobalSecondaryIndexes"]
        ]
    return raw


def told(raw: dict[str, Any]) -> Answer:
    """DescribeTable's answer."""
    return {"Table": raw}


def accepted(raw: dict[str, Any]) -> Answer:
    """CreateTable's and DeleteTable's answer."""
    return {"TableDescription": raw}


def missing(operation: str = "DescribeTable") -> ServiceError:
    return refusal("ResourceNotFoundException", operation=operation)


def in_use() -> ServiceError:
    return refusal("ResourceInUseException", operation="CreateTable")


def ttl(status: str, attribute: str | None = None) -> Answer:
    return {
        "TimeToLiveDescription": {
            "TimeToLiveStatus": status,
            **({} if attribute is None else {"AttributeName": attribute}),
        }
    }


class Bench:
    """Tables over a script; the longest poll each time: 0.25, 0.5, 1, 2, 4, 4 s, and retries after
    0.05 s."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.clock = FakeClock()
        self.transport = ScriptedTransport(outcomes)
        self.calls = Calls(self.transport, retry=RetryPolicy(jitter=0.0), clock=self.clock)

    async def create(
        self, info: Any = ORDER, name: str = "orders", **options: Any
    ) -> TableDescription:
        return await create_table(self.calls, info, name, random=lambda: 1.0, **options)

    async def ensure(
        self, info: Any = ORDER, name: str = "orders", **options: Any
    ) -> TableDescription:
        return await ensure_table(self.calls, info, name, random=lambda: 1.0, **options)

    async def delete(self, name: str = "orders", **options: Any) -> None:
        await delete_table(self.calls, name, random=lambda: 1.0, **options)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.transport.sent]

    @property
    def sleeps(self) -> list[float]:
        return self.clock.sleeps


# ---- the request


def test_a_create_request_defines_each_key_attribute_once_and_no_other() -> None:
    assert ORDER_REQUEST == {
        "TableName": "orders",
        "AttributeDefinitions": [
            {"AttributeName": "customer_id", "AttributeType": "S"},
            {"AttributeName": "order_id", "AttributeType": "N"},
            {"AttributeName": "status", "AttributeType": "S"},
            {"AttributeName": "created_at", "AttributeType": "S"},
            {"AttributeName": "total", "AttributeType": "N"},
        ],
        "KeySchema": [
            {"AttributeName": "customer_id", "KeyType": "HASH"},
            {"AttributeName": "order_id", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-status",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "created_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total", "n"]},
            },
            {
                "IndexName": "by-total",
                "KeySchema": [{"AttributeName": "total", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            },
        ],
        "LocalSecondaryIndexes": [
            {
                "IndexName": "by-age",
                "KeySchema": [
                    {"AttributeName": "customer_id", "KeyType": "HASH"},
                    {"AttributeName": "created_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


def test_a_table_without_sort_key_and_indexes_asks_for_neither() -> None:
    assert SESSION_REQUEST == {
        "TableName": "sessions",
        "AttributeDefinitions": [{"AttributeName": "token", "AttributeType": "B"}],
        "KeySchema": [{"AttributeName": "token", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


def test_several_attributes_a_side_are_listed_in_order_first_the_partition_then_the_sort() -> None:
    request = create_table_request(MATCH, "matches")
    by_round, by_player = request["GlobalSecondaryIndexes"]
    assert by_round["KeySchema"] == [
        {"AttributeName": "tournament", "KeyType": "HASH"},
        {"AttributeName": "region", "KeyType": "HASH"},
        {"AttributeName": "round", "KeyType": "RANGE"},
        {"AttributeName": "bracket", "KeyType": "RANGE"},
        {"AttributeName": "id", "KeyType": "RANGE"},
    ]
    assert {
        each["AttributeName"]: each["AttributeType"] for each in request["AttributeDefinitions"]
    } == {
        "id": "S",
        "tournament": "S",
        "region": "S",
        "round": "N",
        "bracket": "S",
        "player": "B",
    }
    assert by_player["Projection"] == {"ProjectionType": "KEYS_ONLY"}, (
        "nothing is left of [id, player] but keys"
    )


def test_a_description_lists_each_attribute_of_a_side_and_comparing_minds_their_order() -> None:
    request = create_table_request(MATCH, "matches")
    description = read_description(described(request))
    assert [str(part) for part in description.indexes["by-round"].key] == [
        "tournament (HASH, S)",
        "region (HASH, S)",
        "round (RANGE, N)",
        "bracket (RANGE, S)",
        "id (RANGE, S)",
    ]
    assert differences(request, description) == []
    swapped = described(request)
    swapped["GlobalSecondaryIndexes"][0]["KeySchema"] = [
        *reversed(request["GlobalSecondaryIndexes"][0]["KeySchema"][:2])
    ]
    assert len(differences(request, read_description(swapped))) == 1, (
        "the order of a key's attributes is part of it"
    )


def test_provisioned_capacity_goes_to_the_table_and_each_global_index() -> None:
    request = create_table_request(
        ORDER, "orders", billing=Provisioned(read_units=5, write_units=2)
    )
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2}
    assert request["BillingMode"] == "PROVISIONED"
    assert request["ProvisionedThroughput"] == units
    assert [index["ProvisionedThroughput"] for index in request["GlobalSecondaryIndexes"]] == [
        units,
        units,
    ]
    assert "ProvisionedThroughput" not in request["LocalSecondaryIndexes"][0], (
        "it shares the table's"
    )


def test_a_key_that_only_a_hook_can_store_asks_for_its_type_and_takes_it() -> None:
    with pytest.raises(
        UsageError,
        match=r"Price\.price is a key, and a hook of yours stores Money: .*key_types=\{'price': 'S'\}",
    ):
        create_table_request(PRICE, "prices")
    request = create_table_request(PRICE, "prices", key_types={"price": "N"})
    assert request["AttributeDefinitions"] == [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "price", "AttributeType": "N"},
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"key_types": {"prize": "S"}}, "Price has no field 'prize'; did you mean 'price'?"),
        ({"key_types": {"price": "BOOL"}}, "Price.price is 'S', 'N' or 'B', not 'BOOL'"),
        ({"billing": "cheap"}, 'billing is "on_demand" or adorm.Provisioned'),
    ],
)
def test_wrong_options_are_refused_by_name(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        create_table_request(PRICE, "prices", **options)


def test_a_type_for_a_field_that_is_no_key_is_refused() -> None:
    with pytest.raises(
        UsageError,
        match=r"Order\.note is no key; the keys are customer_id, order_id, status, created_at, total",
    ):
        create_table_request(ORDER, "orders", key_types={"note": "S"})


@pytest.mark.parametrize("units", [0, -1, 1.5, True, "5"])
def test_capacity_units_are_positive_whole_numbers(units: Any) -> None:
    with pytest.raises(UsageError, match="read_units"):
        Provisioned(read_units=units, write_units=1)


@pytest.mark.parametrize("name", ["abc", "a.b-c_D9", "x" * 255])
def test_good_table_names_are_taken(name: str) -> None:
    assert check_table_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "ab", "x" * 256, "a b c", "orders\n", "größe", "a/b/c", "a:b:c", None, 5, b"orders"],
)
async def test_bad_table_names_are_refused_before_anything_is_sent(name: Any) -> None:
    bench = Bench()
    for work in (
        bench.create(name=name),
        bench.ensure(name=name),
        bench.delete(name),
        describe_table(bench.calls, name),
    ):
        with pytest.raises(UsageError, match="table's name"):
            await work
    assert bench.operations == []


# ---- creating


async def test_creating_waits_until_the_table_and_its_indexes_are_active() -> None:
    bench = Bench(
        accepted(described(status="CREATING", index_status="CREATING")),
        missing(),  # DescribeTable may be some moments behind
        told(described(status="CREATING", index_status="CREATING")),
        told(described(status="ACTIVE", index_status="CREATING")),
        told(described(status="ACTIVE")),
    )
    description = await bench.create()
    assert description.is_active
    assert bench.operations == ["CreateTable", *["DescribeTable"] * 4]
    assert bench.transport.sent[0][1] == ORDER_REQUEST
    assert bench.sleeps == [0.25, 0.5, 1.0, 2.0]


async def test_a_table_that_is_active_at_once_is_not_asked_for_again() -> None:
    bench = Bench(accepted(described()))
    assert (await bench.create()).is_active
    assert bench.operations == ["CreateTable"]
    assert bench.sleeps == []


async def test_without_waiting_the_status_is_that_of_the_answer_and_the_ttl_is_left() -> None:
    bench = Bench(accepted(described(SESSION_REQUEST, "CREATING")))
    description = await bench.create(SESSION, "sessions", wait=False)
    assert description.status == "CREATING"
    assert bench.operations == ["CreateTable"]


async def test_a_throttled_control_operation_is_sent_again() -> None:
    bench = Bench(refusal("LimitExceededException"), accepted(described()))
    await bench.create()
    assert bench.operations == ["CreateTable", "CreateTable"]
    assert bench.sleeps == [0.05]


async def test_an_existing_table_is_refused_with_the_way_out() -> None:
    bench = Bench(in_use())
    with pytest.raises(
        ServiceError, match=r"CreateTable on orders: .*ensure_table\(Order\).*so it is"
    ) as refused:
        await bench.create()
    assert (refused.value.code, refused.value.request_id, refused.value.status) == (
        "ResourceInUseException",
        "r1",
        400,
    )
    assert not refused.value.maybe_applied
    assert bench.operations == ["CreateTable"]


@pytest.mark.parametrize("failure", [lost, internal])
async def test_a_creation_whose_answer_was_lost_finds_its_own_table(
    failure: Callable[[], Exception],
) -> None:
    bench = Bench(
        failure(),
        in_use(),
        missing(),
        told(described(status="CREATING", CreationDateTime=FakeClock().now().timestamp())),
        told(described()),
    )
    assert (await bench.create()).is_active
    assert bench.operations == ["CreateTable", "CreateTable", *["DescribeTable"] * 3]


@pytest.mark.parametrize(
    "other",
    [
        described({**ORDER_REQUEST, "KeySchema": ORDER_REQUEST["KeySchema"][:1]}),
        described(
            {**ORDER_REQUEST, "GlobalSecondaryIndexes": ORDER_REQUEST["GlobalSecondaryIndexes"][:1]}
        ),
        described(status="DELETING"),
        described(CreationDateTime=datetime(2025, 12, 31, tzinfo=UTC).timestamp()),
    ],
    ids=["another key", "other indexes", "on its way out", "of yesterday"],
)
async def test_a_table_that_was_there_before_is_not_taken_for_the_lost_one(
    other: dict[str, Any],
) -> None:
    bench = Bench(lost(), in_use(), told(other))
    with pytest.raises(ServiceError, match="ensure_table") as refused:
        await bench.create()
    assert refused.value.code == "ResourceInUseException"
    assert refused.value.maybe_applied


async def test_a_table_that_never_becomes_active_is_named_with_its_last_status() -> None:
    pending = described(status="ACTIVE", index_status="CREATING")
    bench = Bench(accepted(pending), *[told(pending)] * 99)
    with pytest.raises(
        DeadlineExceeded,
        match=r"CreateTable on orders: the table is not active within 20 s "
        r"\(last status: ACTIVE, index by-status CREATING, index by-total CREATING\)",
    ) as late:
        await bench.create(timeout_s=20)
    assert (late.value.operation, late.value.subject) == ("CreateTable", "orders")
    assert late.value.maybe_applied
    assert bench.sleeps == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0], (
        "19.75 s: one more would outlive the deadline"
    )


async def test_the_bound_is_five_minutes_by_default() -> None:
    bench = Bench(
        accepted(described(status="CREATING")), *[told(described(status="CREATING"))] * 99
    )
    with pytest.raises(DeadlineExceeded, match="within 300 s"):
        await bench.create()
    assert 295 < sum(bench.sleeps) < 300


async def test_the_deadline_around_shortens_the_wait() -> None:
    bench = Bench(
        accepted(described(status="CREATING")), *[told(described(status="CREATING"))] * 99
    )
    with use_clock(bench.clock):
        async with deadline(1.0):
            with pytest.raises(DeadlineExceeded, match=r"within 1 s \(last status: CREATING"):
                await bench.create()
    assert bench.sleeps == [0.25, 0.5]


async def test_a_deadline_that_passes_while_looking_names_the_table_too() -> None:
    bench = Bench(accepted(described(status="CREATING")))

    async def slow() -> Answer:
        bench.clock.advance(50)
        raise internal()

    bench.transport.outcomes.append(slow)
    with pytest.raises(
        DeadlineExceeded, match=r"not active within 20 s \(last status: CREATING"
    ) as late:
        await bench.create(timeout_s=20)
    assert isinstance(late.value.__cause__, DeadlineExceeded)


async def test_a_deadline_before_the_start_sends_nothing() -> None:
    bench = Bench()
    for work in (bench.create(timeout_s=0), bench.ensure(timeout_s=0), bench.delete(timeout_s=0)):
        with pytest.raises(DeadlineExceeded):
            await work
    assert bench.operations == []


async def test_a_table_deleted_while_it_is_waited_for_ends_the_wait() -> None:
    bench = Bench(
        accepted(described(status="CREATING")), told(described(status="DELETING")), missing()
    )
    with pytest.raises(
        ResourceNotFound, match=r"CreateTable on orders: .*deleted while it was waited for"
    ):
        await bench.create()


async def test_one_miss_between_two_looks_does_not_end_the_wait_but_two_do() -> None:
    creating = told(described(status="CREATING"))
    bench = Bench(
        accepted(described(status="CREATING")),
        creating,
        missing(),
        creating,
        missing(),
        missing(),
        creating,
    )
    with pytest.raises(ResourceNotFound, match="deleted while it was waited for"):
        await bench.create()
    assert bench.operations.count("DescribeTable") == 5


@pytest.mark.parametrize("start", ["create", "ensure", "delete"])
async def test_a_cancelled_wait_sends_nothing_more_and_leaves_the_calls_usable(start: str) -> None:
    bench = Bench()
    scope = anyio.CancelScope()

    async def cancelled_here() -> Answer:
        scope.cancel()
        await checkpoint()
        raise AssertionError("the checkpoint lets the cancellation through")

    pending = (
        told(described(status="CREATING"))
        if start == "ensure"
        else accepted(described(status="CREATING"))
    )
    bench.transport.outcomes += [pending, cancelled_here, told(described())]
    work: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "create": bench.create,
        "ensure": bench.ensure,
        "delete": bench.delete,
    }
    with scope:
        await work[start]()
    assert scope.cancelled_caught
    assert len(bench.operations) == 2
    assert (await describe_table(bench.calls, "orders")).is_active


async def test_a_wait_in_a_cancelled_scope_is_cancelled_not_late() -> None:
    bench = Bench()
    with anyio.CancelScope() as scope:

        async def cancel_and_answer() -> Answer:
            scope.cancel()
            return accepted(described(status="CREATING"))

        bench.transport.outcomes.append(cancel_and_answer)
        await bench.create()
    assert scope.cancelled_caught
    assert bench.operations == ["CreateTable"]
    assert bench.sleeps == []


async def test_an_answer_without_a_description_is_an_answer_that_cant_be_read() -> None:
    with pytest.raises(
        ConnectionFailed, match=r"CreateTable on orders: .*no TableDescription"
    ) as failed:
        await Bench({}).create()
    assert failed.value.maybe_applied
    with pytest.raises(ConnectionFailed, match=r"DescribeTable on orders: .*no Table") as failed:
        await describe_table(Bench({}).calls, "orders")
    assert not failed.value.maybe_applied


def test_polls_slow_down_to_a_few_seconds_and_half_of_each_is_jitter() -> None:
    assert [poll_delay_s(poll, 1.0) for poll in range(1, 8)] == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert [poll_delay_s(poll, 0.0) for poll in (1, 2, 1000)] == [0.125, 0.25, 2.0]


# ---- time to live


async def test_creating_a_model_with_a_ttl_switches_it_on_once_the_table_is_active() -> None:
    bench = Bench(
        accepted(described(SESSION_REQUEST, "CREATING")), told(described(SESSION_REQUEST)), {}
    )
    await bench.create(SESSION, "sessions")
    assert bench.operations == ["CreateTable", "DescribeTable", "UpdateTimeToLive"]
    assert bench.transport.sent[2][1] == ENABLE_TTL


async def test_the_ttl_is_left_alone_on_demand() -> None:
    bench = Bench(accepted(described(SESSION_REQUEST)))
    await bench.create(SESSION, "sessions", time_to_live=False)
    assert bench.operations == ["CreateTable"]
    bench = Bench(told(described(SESSION_REQUEST)))
    await bench.ensure(SESSION, "sessions", time_to_live=False)
    assert bench.operations == ["DescribeTable"]


async def test_switching_the_ttl_on_is_repeated_after_a_lost_answer_and_its_refusal_is_understood() -> (
    None
):
    bench = Bench(
        accepted(described(SESSION_REQUEST)),
        lost(),
        refusal("ValidationException"),
        ttl("ENABLING", "exp"),
    )
    await bench.create(SESSION, "sessions")
    assert bench.operations == [
        "CreateTable",
        "UpdateTimeToLive",
        "UpdateTimeToLive",
        "DescribeTimeToLive",
    ]


@pytest.mark.parametrize(
    "state", [ttl("DISABLED"), ttl("ENABLED", "other"), ttl("DISABLING", "exp"), {}]
)
async def test_a_refused_ttl_is_an_error_that_tells_that_the_table_is_ready(state: Answer) -> None:
    bench = Bench(accepted(described(SESSION_REQUEST)), refusal("ValidationException"), state)
    with pytest.raises(ValidationFailed) as refused:
        await bench.create(SESSION, "sessions")
    assert (
        "table sessions is there and active; only its time to live, by the attribute exp"
        in "".join(refused.value.__notes__)
    )


async def test_a_forbidden_ttl_is_not_asked_about_again() -> None:
    bench = Bench(accepted(described(SESSION_REQUEST)), refusal("AccessDeniedException"))
    with pytest.raises(AccessDenied) as refused:
        await bench.create(SESSION, "sessions")
    assert "time_to_live=False leaves it alone" in "".join(refused.value.__notes__)
    assert bench.operations == ["CreateTable", "UpdateTimeToLive"]


@pytest.mark.parametrize("status", ["ENABLED", "ENABLING"])
async def test_ensuring_leaves_a_ttl_that_is_on(status: str) -> None:
    bench = Bench(told(described(SESSION_REQUEST)), ttl(status, "exp"))
    await bench.ensure(SESSION, "sessions")
    assert bench.operations == ["DescribeTable", "DescribeTimeToLive"]


async def test_ensuring_switches_on_a_ttl_that_is_off() -> None:
    bench = Bench(told(described(SESSION_REQUEST)), ttl("DISABLED"), {})
    await bench.ensure(SESSION, "sessions")
    assert bench.operations == ["DescribeTable", "DescribeTimeToLive", "UpdateTimeToLive"]
    assert bench.transport.sent[2][1] == ENABLE_TTL


async def test_ensuring_refuses_a_ttl_by_another_attribute() -> None:
    bench = Bench(told(described(SESSION_REQUEST)), ttl("ENABLED", "until"))
    with pytest.raises(UsageError, match="items expire by the attribute until, the model's by exp"):
        await bench.ensure(SESSION, "sessions")
    assert "UpdateTimeToLive" not in bench.operations


# ---- ensuring


async def test_ensuring_a_missing_table_creates_it() -> None:
    bench = Bench(missing(), accepted(described(status="CREATING")), told(described()))
    assert (await bench.ensure(billing=Provisioned(read_units=1, write_units=1))).is_active
    assert bench.operations == ["DescribeTable", "CreateTable", "DescribeTable"]
    assert bench.transport.sent[1][1]["BillingMode"] == "PROVISIONED"


async def test_ensuring_a_table_that_is_being_created_waits_for_it() -> None:
    bench = Bench(told(described(status="CREATING")), told(described()))
    assert (await bench.ensure()).is_active
    assert bench.operations == ["DescribeTable", "DescribeTable"]


async def test_ensuring_a_table_that_is_being_deleted_waits_for_its_end_and_creates_it() -> None:
    bench = Bench(
        told(described(status="DELETING")),
        told(described(status="DELETING")),
        missing(),
        accepted(described()),
    )
    assert (await bench.ensure()).is_active
    assert bench.operations == [*["DescribeTable"] * 3, "CreateTable"]
    assert bench.sleeps == [0.25, 0.5]


async def test_ensuring_what_someone_else_creates_at_the_same_moment_takes_theirs() -> None:
    bench = Bench(missing(), in_use(), told(described(status="CREATING")), told(described()))
    assert (await bench.ensure()).is_active
    assert bench.operations == ["DescribeTable", "CreateTable", "DescribeTable", "DescribeTable"]


async def test_ensuring_passes_other_refusals_on() -> None:
    with pytest.raises(AccessDenied):
        await Bench(missing(), refusal("AccessDeniedException")).ensure()


async def test_ensuring_names_each_difference_and_changes_nothing() -> None:
    found = described(
        {
            **ORDER_REQUEST,
            "AttributeDefinitions": [
                {**each, "AttributeType": "S"} if each["AttributeName"] == "order_id" else each
                for each in ORDER_REQUEST["AttributeDefinitions"]
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-status",
                    "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]},
                },
            ],
            "LocalSecondaryIndexes": [],
        }
    )
    bench = Bench(told(found))
    with pytest.raises(UsageError, match="table orders differs from Order") as refused:
        await bench.ensure()
    said = str(refused.value)
    assert (
        "the table's key is customer_id (HASH, S), order_id (RANGE, S), the model's is customer_id (HASH, S), order_id (RANGE, N)"
        in said
    )
    assert (
        "the key of index by-status is status (HASH, S), the model's is status (HASH, S), created_at (RANGE, S)"
        in said
    )
    assert (
        "index by-status holds the keys and total, the model's holds the keys and n, total" in said
    )
    assert "the global index by-total is missing: its key would be total (HASH, N)" in said
    assert "the local index by-age is missing" in said
    assert bench.operations == ["DescribeTable"]


def test_an_index_of_the_wrong_kind_is_a_difference() -> None:
    moved = described()
    moved["GlobalSecondaryIndexes"].append(
        {**moved["LocalSecondaryIndexes"].pop(), "IndexStatus": "ACTIVE"}
    )
    assert differences(ORDER_REQUEST, read_description(moved)) == [
        "index by-age is global, the model's is local"
    ]


@pytest.mark.parametrize(
    ("present", "wanted", "fits"),
    [
        ("ALL", "ALL", True),
        ("ALL", "KEYS_ONLY", True),
        ("ALL", ["total"], True),
        (["total", "n"], ["total"], True),
        (["total"], "KEYS_ONLY", True),
        (["total"], ["total", "n"], False),
        (["total"], "ALL", False),
        ("KEYS_ONLY", ["total"], False),
        ("KEYS_ONLY", "ALL", False),
    ],
)
def test_an_index_may_hold_more_than_the_model_says_but_not_less(
    present: str | list[str], wanted: str | list[str], fits: bool
) -> None:
    def with_projection(projection: str | list[str]) -> dict[str, Any]:
        said = (
            {"ProjectionType": projection}
            if isinstance(projection, str)
            else {"ProjectionType": "INCLUDE", "NonKeyAttributes": projection}
        )
        first, *rest = ORDER_REQUEST["GlobalSecondaryIndexes"]
        return {**ORDER_REQUEST, "GlobalSecondaryIndexes": [{**first, "Projection": said}, *rest]}

    found = read_description(described(with_projection(present)))
    assert (differences(with_projection(wanted), found) == []) is fits


async def test_an_index_beyond_the_models_is_fine() -> None:
    bench = Bench(told(described()))
    request = create_table_request(model_info(Bare), "orders")
    assert differences(request, await bench.ensure(model_info(Bare))) == []


@adorm.model(table="orders")
class Bare:
    customer_id: str = adorm.partition_key()
    order_id: int = adorm.sort_key()


# ---- deleting and describing


async def test_deleting_waits_until_the_table_is_gone() -> None:
    deleting = described(status="DELETING", TableId="t1")
    bench = Bench(accepted(deleting), told(deleting), told(deleting), missing())
    await bench.delete()
    assert bench.operations == ["DeleteTable", *["DescribeTable"] * 3]
    assert bench.sleeps == [0.25, 0.5]


async def test_deleting_without_waiting_sends_one_request() -> None:
    bench = Bench(accepted(described(status="DELETING")))
    await bench.delete(wait=False)
    assert bench.operations == ["DeleteTable"]


async def test_a_new_table_of_the_same_name_is_not_waited_for() -> None:
    bench = Bench(
        accepted(described(status="DELETING", TableId="t1")),
        told(described(status="CREATING", TableId="t2")),
    )
    await bench.delete()
    assert bench.operations == ["DeleteTable", "DescribeTable"]


async def test_deleting_a_missing_table_is_an_error_unless_told_otherwise() -> None:
    with pytest.raises(ResourceNotFound, match="DeleteTable on orders"):
        await Bench(missing("DeleteTable")).delete()
    await Bench(missing("DeleteTable")).delete(missing_ok=True)


async def test_a_table_that_is_missing_after_a_lost_answer_was_deleted() -> None:
    bench = Bench(lost(), missing())
    await bench.delete()
    assert bench.operations == ["DeleteTable", "DeleteTable"]


async def test_a_table_that_cant_be_deleted_yet_says_when_it_can() -> None:
    with pytest.raises(ServiceError) as refused:
        await Bench(in_use()).delete()
    assert refused.value.code == "ResourceInUseException"
    assert "when it is ACTIVE" in "".join(refused.value.__notes__)


async def test_a_table_that_does_not_go_is_named() -> None:
    bench = Bench(accepted(described(status="DELETING")), *[told(described(status="DELETING"))] * 9)
    with pytest.raises(
        DeadlineExceeded,
        match=r"DeleteTable on orders: the table is not gone within 3 s \(last status: DELETING",
    ):
        await bench.delete(timeout_s=3)


async def test_a_description_tells_what_there_is() -> None:
    raw = described(
        create_table_request(ORDER, "orders", billing=Provisioned(read_units=5, write_units=2)),
        ItemCount=7,
        TableSizeBytes=700,
        TableArn="arn:aws:dynamodb:eu-central-1:1:table/orders",
        CreationDateTime=1767225600.25,
    )
    raw["GlobalSecondaryIndexes"][0] |= {
        "IndexStatus": "CREATING",
        "Backfilling": True,
        "ItemCount": 3,
        "IndexSizeBytes": 30,
    }
    del raw["BillingModeSummary"]  # a table that was always provisioned has none
    description = await describe_table(Bench(told(raw)).calls, "orders")
    assert (
        description.name,
        description.status,
        description.item_count,
        description.size_bytes,
    ) == ("orders", "ACTIVE", 7, 700)
    assert description.arn == "arn:aws:dynamodb:eu-central-1:1:table/orders"
    assert description.created_at == datetime(2026, 1, 1, 0, 0, 0, 250000, tzinfo=UTC)
    assert description.billing == Provisioned(read_units=5, write_units=2)
    assert [str(part) for part in description.key] == [
        "customer_id (HASH, S)",
        "order_id (RANGE, N)",
    ]
    assert list(description.indexes) == ["by-status", "by-total", "by-age"]
    by_status, by_age = description.indexes["by-status"], description.indexes["by-age"]
    assert (by_status.is_global, by_status.status, by_status.backfilling) == (
        True,
        "CREATING",
        True,
    )
    assert (by_status.projection, by_status.item_count, by_status.size_bytes) == (
        ("n", "total"),
        3,
        30,
    )
    assert (by_age.is_global, by_age.status, by_age.projection) == (False, "ACTIVE", "KEYS_ONLY")
    assert not description.is_active
    assert description.progress == "ACTIVE, index by-status CREATING"
    assert description.raw == raw
    assert "AttributeDefinitions" not in repr(description)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        description.status = "DELETING"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # that is the test


# ---- on real engines


class LosesAnswers(WrappedTransport):
    """A transport that applies the first request of some operations and then loses the answer."""

    def __init__(self, transport: MemoryTransport | WireTransport, *operations: str) -> None:
        super().__init__(transport)
        self._to_lose = set(operations)

    async def send(self, operation: str, request: Request, /, *_: object) -> Answer:
        answer = await self.inner.send(operation, request)
        if operation in self._to_lose:
            self._to_lose.remove(operation)
            raise lost()
        return answer


@pytest.fixture(params=["memory", "wire"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[MemoryTransport | WireTransport]:
    """An empty database of the test's own."""
    if request.param == "memory":
        transport: MemoryTransport | WireTransport = MemoryTransport(Engine())
    else:
        local: LocalDynamoDB = request.getfixturevalue("local_dynamodb")
        # Each access key id is an account of its own.
        credentials = Credentials(uuid4().hex[:20].upper(), "secret", None)
        transport = WireTransport(
            region="eu-central-1", endpoint_url=local.endpoint_url, credentials=credentials
        )
    await transport.open()
    try:
        yield transport
    finally:
        await transport.close()


async def test_the_whole_life_of_a_table(engine: MemoryTransport | WireTransport) -> None:
    calls = Calls(engine, clock=FakeClock())
    created = await create_table(calls, ORDER, "orders")
    assert created.is_active
    assert (created.name, created.billing, created.item_count) == ("orders", "on_demand", 0)
    described_now = await describe_table(calls, "orders")
    assert described_now == created
    assert differences(ORDER_REQUEST, described_now) == []
    assert await ensure_table(calls, ORDER, "orders") == created
    with pytest.raises(ServiceError, match="ensure_table") as refused:
        await create_table(calls, ORDER, "orders")
    assert refused.value.code == "ResourceInUseException"
    await delete_table(calls, "orders")
    with pytest.raises(ResourceNotFound):
        await describe_table(calls, "orders")
    with pytest.raises(ResourceNotFound):
        await delete_table(calls, "orders")
    await delete_table(calls, "orders", missing_ok=True)


async def test_an_engine_takes_provisioned_capacity(
    engine: MemoryTransport | WireTransport,
) -> None:
    calls = Calls(engine, clock=FakeClock())
    billing = Provisioned(read_units=3, write_units=2)
    assert (await create_table(calls, ORDER, "orders", billing=billing)).billing == billing
    assert (await ensure_table(calls, ORDER, "orders")).billing == billing, (
        "billing is not compared"
    )


async def test_an_engine_expires_by_the_models_ttl(engine: MemoryTransport | WireTransport) -> None:
    calls = Calls(engine, clock=FakeClock())
    await create_table(calls, SESSION, "sessions")
    state = await calls.call("DescribeTimeToLive", {"TableName": "sessions"})
    assert state["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "exp"}
    await ensure_table(calls, SESSION, "sessions")

    await create_table(calls, SESSION, "later", time_to_live=False)
    await ensure_table(calls, SESSION, "later")
    state = await calls.call("DescribeTimeToLive", {"TableName": "later"})
    assert state["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"


async def test_an_engine_applies_each_step_once_though_every_answer_is_lost(
    engine: MemoryTransport | WireTransport,
) -> None:
    calls = Calls(
        LosesAnswers(engine, "CreateTable", "UpdateTimeToLive", "DeleteTable"), clock=FakeClock()
    )
    assert (await create_table(calls, SESSION, "sessions")).is_active
    state = await calls.call("DescribeTimeToLive", {"TableName": "sessions"})
    assert state["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    await delete_table(calls, "sessions")
    with pytest.raises(ResourceNotFound):
        await describe_table(calls, "sessions")


async def test_two_that_ensure_one_table_at_once_both_have_it(
    engine: MemoryTransport | WireTransport,
) -> None:
    calls = Calls(engine, clock=FakeClock())
    found: list[TableDescription] = []

    async def ensure() -> None:
        found.append(await ensure_table(calls, SESSION, "sessions"))

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(ensure)
    assert len(found) == 4
    assert all(description.is_active for description in found)


async def test_an_engines_table_of_another_shape_is_named(
    engine: MemoryTransport | WireTransport,
) -> None:
    calls = Calls(engine, clock=FakeClock())
    await create_table(calls, model_info(Bare), "orders")
    with pytest.raises(
        UsageError, match=r"by-status is missing.*by-total is missing.*by-age is missing"
    ):
        await ensure_table(calls, ORDER, "orders")
    with pytest.raises(UsageError, match="the table's key is customer_id"):
        await ensure_table(calls, SESSION, "orders")
    assert len((await describe_table(calls, "orders")).indexes) == 0


async def test_the_calls_of_a_database_are_enough_of_a_connection() -> None:
    async with adorm.connect("memory") as db:
        assert (await create_table(db, ORDER, "orders")).is_active
        assert (await describe_table(db, "orders")).name == "orders"
