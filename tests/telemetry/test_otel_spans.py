"""Calls as OpenTelemetry spans: names, attributes, parents, errors, attempts."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import copy_context

import anyio
import pytest
from anyio.lowlevel import checkpoint
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

import adorm
from adorm.calls.calls import Calls
from adorm.clock import use_clock
from adorm.deadlines import deadline
from adorm.errors import ConnectionFailed, DeadlineExceeded, Throttled, TransactionCanceled
from adorm.retry import RetryPolicy
from adorm.testing import FakeClock, Faults
from adorm.transport.base import Answer
from adorm.transport.wire.transport import WireTransport
from tests.support.loopback import LoopbackServer, ServiceFault
from tests.support.scripted import Outcome, ScriptedTransport, internal, lost, refusal, throttled
from tests.support.telemetry import Telemetry, attributes
from tests.support.wired import GET, KEY

pytestmark = pytest.mark.anyio


@adorm.model(
    table="orders", indexes=[adorm.GlobalIndex("by-status", partition="status", sort="order_id")]
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str = "open"


def calls_with(telemetry: Telemetry, *outcomes: Outcome) -> Calls:
    return Calls(
        ScriptedTransport(outcomes),
        retry=RetryPolicy(jitter=0.0),
        clock=FakeClock(),
        hooks=[telemetry.hooks],
    )


class Here:
    def run(self, function: Callable[[None], object], argument: None) -> None:
        function(argument)


def only(telemetry: Telemetry) -> ReadableSpan:
    (span,) = telemetry.spans
    return span


def id_of(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id


async def test_a_call_is_one_span_of_a_client_named_by_operation_and_table() -> None:
    telemetry = Telemetry()
    await calls_with(telemetry, {}).call("GetItem", GET)
    span = only(telemetry)
    assert (span.name, span.kind, span.status.status_code) == (
        "GetItem orders",
        SpanKind.CLIENT,
        StatusCode.UNSET,
    )
    assert span.instrumentation_scope is not None
    assert (span.instrumentation_scope.name, span.instrumentation_scope.schema_url) == (
        "adorm",
        "https://opentelemetry.io/schemas/1.37.0",
    )
    assert attributes(span) == {
        "db.system.name": "aws.dynamodb",
        "db.operation.name": "GetItem",
        "db.collection.name": "orders",
        "rpc.system": "aws-api",
        "rpc.service": "DynamoDB",
        "rpc.method": "GetItem",
        "aws.dynamodb.table_names": ("orders",),
    }
    assert span.events == ()


async def test_an_operation_on_no_table_is_named_by_itself() -> None:
    telemetry = Telemetry()
    await calls_with(telemetry, {"TableNames": ["a", "b"]}).call(
        "ListTables", {"Limit": 2, "ExclusiveStartTableName": "0"}
    )
    span = only(telemetry)
    assert span.name == "ListTables"
    shape = {name: value for name, value in attributes(span).items() if name.startswith("aws.")}
    assert shape == {
        "aws.dynamodb.limit": 2,
        "aws.dynamodb.exclusive_start_table": "0",
        "aws.dynamodb.table_count": 2,
    }


async def test_what_a_query_asks_for_and_gets_stands_in_its_span() -> None:
    telemetry = Telemetry()
    async with adorm.connect("memory", hooks=[telemetry.hooks]) as db:
        await db.create_table(Order, wait=False)
        orders = db.table(Order)
        await orders.put(Order(customer_id="c1", order_id="o1"))
        telemetry.clear()
        await orders.query().where(Order.status == "open").page_size(7).descending()
        (queried,) = telemetry.spans
        telemetry.clear()
        await orders.query("c1").consistent().select(Order.order_id)
        await orders.query("c1").count()
        selected, counted = telemetry.spans
    assert queried.name == "Query orders"
    told = attributes(queried)
    assert told["adorm.model"] == "Order"
    assert told["aws.dynamodb.index_name"] == "by-status"
    assert told["aws.dynamodb.limit"] == 7
    assert told["aws.dynamodb.scan_forward"] is False
    assert (
        told["aws.dynamodb.count"],
        told["aws.dynamodb.scanned_count"],
        told["db.response.returned_rows"],
    ) == (1, 1, 1)
    (consumed,) = told["aws.dynamodb.consumed_capacity"]
    assert json.loads(consumed)["TableName"] == "orders"
    assert attributes(selected)["aws.dynamodb.consistent_read"] is True
    assert "order" not in attributes(selected)["aws.dynamodb.projection"]
    assert attributes(counted)["aws.dynamodb.select"] == "COUNT"


async def test_each_segment_of_a_scan_is_a_span_under_the_callers() -> None:
    telemetry = Telemetry()
    async with adorm.connect("memory", hooks=[telemetry.hooks]) as db:
        await db.create_table(Order, wait=False)
        telemetry.clear()
        with telemetry.tracer.start_as_current_span("report") as parent:
            await db.table(Order).scan().segments(3)
    *segments, report = telemetry.spans
    assert report.name == "report"
    assert {
        (attributes(span)["aws.dynamodb.segment"], attributes(span)["aws.dynamodb.total_segments"])
        for span in segments
    } == {
        (0, 3),
        (1, 3),
        (2, 3),
    }
    assert {span.parent.span_id for span in segments if span.parent} == {
        parent.get_span_context().span_id
    }


async def test_batches_and_transactions_tell_their_size_and_tables() -> None:
    telemetry = Telemetry()
    async with adorm.connect("memory", hooks=[telemetry.hooks]) as db:
        await db.create_table(Order, wait=False)
        orders = db.table(Order)
        telemetry.clear()
        await orders.batch_write(
            puts=[Order(customer_id="c1", order_id=f"o{number}") for number in range(3)]
        )
        await orders.batch_get([("c1", "o0"), ("c1", "o1")])
        await orders.batch_get([("c1", "o0")])
        async with db.transaction() as tx:
            tx.create(Order(customer_id="c2", order_id="o1"))
            tx.create(Order(customer_id="c2", order_id="o2"))
        await db.transact_get(orders.key("c1", "o0"), orders.key("c1", "o1"))
    assert [
        (span.name, attributes(span).get("db.operation.batch.size")) for span in telemetry.spans
    ] == [
        ("BatchWriteItem orders", 3),
        ("BatchGetItem orders", 2),
        ("BatchGetItem orders", None),  # no batch by the conventions
        ("TransactWriteItems orders", 2),
        ("TransactGetItems orders", 2),
    ]


async def test_a_batch_across_tables_names_them_all_and_none_as_its_collection() -> None:
    telemetry = Telemetry()
    keys = {"Keys": [{"pk": {"S": "x"}}]}
    await calls_with(telemetry, {"UnprocessedKeys": {"b": keys}}).call(
        "BatchGetItem", {"RequestItems": {"a": keys, "b": keys}}
    )
    span = only(telemetry)
    assert span.name == "BatchGetItem"
    assert attributes(span)["aws.dynamodb.table_names"] == ("a", "b")
    assert attributes(span)["adorm.unprocessed"] == 1
    assert "db.collection.name" not in attributes(span)


async def test_retries_are_events_of_the_one_span() -> None:
    telemetry = Telemetry()
    await calls_with(telemetry, throttled(), internal(), {}).call("GetItem", GET)
    span = only(telemetry)
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in attributes(span)
    assert attributes(span)["adorm.attempts"] == 3
    events = [dict(event.attributes or {}) for event in span.events]
    for event in events:
        del event["adorm.attempt.duration"]
    code = "ProvisionedThroughputExceededException"
    assert [event.name for event in span.events] == ["adorm.attempt"] * 3
    assert events == [
        {
            "adorm.attempt.number": 1,
            "error.type": code,
            "db.response.status_code": code,
            "http.response.status_code": 400,
            "aws.request_id": "r1",
        },
        {
            "adorm.attempt.number": 2,
            "adorm.attempt.delay": 0.05,
            "http.request.resend_count": 1,
            "error.type": "InternalServerError",
            "db.response.status_code": "InternalServerError",
            "http.response.status_code": 500,
            "aws.request_id": "r1",
        },
        {"adorm.attempt.number": 3, "adorm.attempt.delay": 0.1, "http.request.resend_count": 2},
    ]


async def test_a_failure_is_an_error_by_its_code_and_without_its_words() -> None:
    telemetry = Telemetry()
    with pytest.raises(Throttled):
        await calls_with(telemetry, *[throttled() for _ in range(5)]).call("GetItem", GET)
    span = only(telemetry)
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert attributes(span)["error.type"] == "ProvisionedThroughputExceededException"
    assert attributes(span)["db.response.status_code"] == "ProvisionedThroughputExceededException"
    assert attributes(span)["aws.request_id"] == "r1"
    assert attributes(span)["adorm.attempts"] == 5


async def test_a_failure_without_a_code_is_an_error_by_its_class() -> None:
    telemetry = Telemetry()
    with pytest.raises(ConnectionFailed):
        await calls_with(telemetry, lost()).call("UpdateItem", GET, repeat="never")
    span = only(telemetry)
    assert attributes(span)["error.type"] == "ConnectionFailed"
    assert "db.response.status_code" not in attributes(span)
    assert attributes(span)["adorm.maybe_applied"] is True


async def test_a_cancelled_transaction_tells_the_codes_of_its_operations() -> None:
    telemetry = Telemetry()
    async with adorm.connect("memory", hooks=[telemetry.hooks]) as db:
        await db.create_table(Order, wait=False)
        await db.table(Order).create(Order(customer_id="c", order_id="o"))
        telemetry.clear()
        with pytest.raises(TransactionCanceled):
            async with db.transaction() as tx:
                tx.create(Order(customer_id="c", order_id="new"))
                tx.create(Order(customer_id="c", order_id="o"))
    assert attributes(only(telemetry))["adorm.cancellation_reasons"] == (
        "None",
        "ConditionalCheckFailed",
    )


async def test_a_cancelled_call_is_recorded_as_such() -> None:
    telemetry = Telemetry()
    sent = anyio.Event()

    async def hang() -> Answer:
        sent.set()
        await anyio.sleep_forever()
        return {}

    async with anyio.create_task_group() as group:
        group.start_soon(calls_with(telemetry, hang).call, "GetItem", GET)
        await sent.wait()
        group.cancel_scope.cancel()
    span = only(telemetry)
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == "CancelledError"
    assert attributes(span)["adorm.cancelled"] is True


async def test_a_call_that_the_deadline_forbids_is_a_failed_span_without_attempts() -> None:
    telemetry = Telemetry()
    clock = FakeClock()
    calls = Calls(ScriptedTransport(), clock=clock, hooks=[telemetry.hooks])
    with use_clock(clock):
        async with deadline(0):
            with pytest.raises(DeadlineExceeded):
                await calls.call("GetItem", GET)
    span = only(telemetry)
    assert attributes(span)["error.type"] == "DeadlineExceeded"
    assert attributes(span)["adorm.attempts"] == 0
    assert span.events == ()


async def test_the_span_is_current_while_the_call_runs_and_not_after_it() -> None:
    telemetry = Telemetry()

    async def traced_below() -> Answer:
        with telemetry.tracer.start_as_current_span("below"):
            await checkpoint()
        return {}

    calls = calls_with(telemetry, traced_below, refusal("ValidationException"))
    with telemetry.tracer.start_as_current_span("above") as above:
        await calls.call("GetItem", GET)
        assert trace.get_current_span() is above
        with pytest.raises(adorm.ValidationFailed):
            await calls.call("GetItem", GET)
        assert trace.get_current_span() is above
    below, call, failed, _ = telemetry.spans
    assert below.parent is not None
    assert call.parent is not None
    assert failed.parent is not None
    assert below.parent.span_id == id_of(call)
    assert call.parent.span_id == failed.parent.span_id == above.get_span_context().span_id


async def test_calls_side_by_side_are_siblings_each_with_what_is_its_own() -> None:
    telemetry = Telemetry()
    async with adorm.connect("memory", hooks=[telemetry.hooks]) as db:
        await db.create_table(Order, wait=False)
        orders = db.table(Order)
        telemetry.clear()
        with telemetry.tracer.start_as_current_span("request") as parent:
            await db.gather(
                *(orders.get_or_none("c", f"o{number}") for number in range(10)), orders.query("c")
            )
            assert trace.get_current_span() is parent
    *calls, _ = telemetry.spans
    assert sorted(span.name for span in calls) == [*["GetItem orders"] * 10, "Query orders"]
    assert {span.parent.span_id for span in calls if span.parent} == {
        parent.get_span_context().span_id
    }
    assert len({id_of(span) for span in calls}) == 11


async def test_several_tracers_nest_and_leave_no_span_behind() -> None:
    outer, inner = Telemetry(), Telemetry()
    calls = Calls(ScriptedTransport([{}]), hooks=[outer.hooks, inner.hooks])
    await calls.call("GetItem", GET)
    assert trace.get_current_span() is trace.INVALID_SPAN
    inner_parent = only(inner).parent
    assert inner_parent is not None
    assert inner_parent.span_id == id_of(only(outer))


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_call_that_is_thrown_away_ends_its_span(
    elsewhere: bool, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry = Telemetry()

    async def hang() -> Answer:
        await anyio.sleep_forever()
        return {}

    call = calls_with(telemetry, hang).call("GetItem", GET)
    (copy_context() if elsewhere else Here()).run(call.send, None)
    call.close()
    assert attributes(only(telemetry))["error.type"] == "GeneratorExit"
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert caplog.records == []


async def test_a_sampler_that_drops_a_span_costs_the_call_nothing_else() -> None:
    calls = Calls(
        ScriptedTransport([throttled(), {"n": 1}]), clock=FakeClock(), hooks=[adorm.OpenTelemetry()]
    )
    assert await calls.call("GetItem", GET) == {"n": 1}


async def test_the_wire_tells_server_region_and_request_id() -> None:
    telemetry = Telemetry()
    async with LoopbackServer(lambda _operation, _body: {}) as server:
        server.script(
            "GetItem", ServiceFault("ValidationException", headers={"x-amzn-requestid": "R-2"})
        )
        transport = WireTransport(
            region="eu-central-1", endpoint_url=server.url, credentials=KEY, environ={}
        )
        await transport.open()
        try:
            calls = Calls(Faults()(transport), hooks=[telemetry.hooks])
            with pytest.raises(adorm.ValidationFailed):
                await calls.call("GetItem", GET)
            await Calls(transport, hooks=[telemetry.hooks]).call("GetItem", GET)
        finally:
            await transport.close()
        for span in telemetry.spans:
            told = attributes(span)
            assert told["server.address"] == "127.0.0.1"
            assert told["server.port"] == server.port
            assert told["cloud.region"] == "eu-central-1"
        refused, answered = telemetry.spans
        assert attributes(refused)["aws.request_id"] == "R-2"
        assert attributes(answered)["aws.request_id"] == "LOOPBACK"


async def test_only_a_port_that_is_not_dynamodbs_own_is_told() -> None:
    class At443(ScriptedTransport):
        @property
        def endpoint_url(self) -> str:
            return "https://dynamodb.eu-central-1.amazonaws.com/"

        @property
        def region(self) -> str:
            return "eu-central-1"

    telemetry = Telemetry()
    await Calls(At443([{}]), hooks=[telemetry.hooks]).call("GetItem", GET)
    told = attributes(only(telemetry))
    assert told["server.address"] == "dynamodb.eu-central-1.amazonaws.com"
    assert "server.port" not in told


async def test_capacity_is_asked_for_unless_told_not_to() -> None:
    for wanted in (True, False):
        transport = ScriptedTransport([{}])
        await Calls(transport, hooks=[Telemetry(capacity=wanted).hooks]).call("GetItem", GET)
        ((_, request),) = transport.sent
        assert request.get("ReturnConsumedCapacity") == ("INDEXES" if wanted else None)
