"""Calls as OpenTelemetry spans and metrics.

The names are those of the conventions (schema 1.37), written out: the package that holds them calls
DynamoDB's incubating, and may move them. `rpc.system` and `rpc.service` are deprecated, yet the
page on DynamoDB still requires the first, and by them X-Ray's exporters know a call of AWS.

https://opentelemetry.io/docs/specs/semconv/db/database-spans/
https://opentelemetry.io/docs/specs/semconv/db/dynamodb/
https://opentelemetry.io/docs/specs/semconv/db/database-metrics/
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import Token
from typing import TypeAlias

from opentelemetry import context, metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from adorm.calls.capacity import Units
from adorm.calls.details import (
    AnswerDetails,
    AttemptDetails,
    CallDetails,
    ErrorDetails,
    RequestDetails,
)
from adorm.calls.hooks import Connections
from adorm.transport.base import PoolFigures

SCHEMA_URL = "https://opentelemetry.io/schemas/1.37.0"
DEFAULT_PORT = 443

Value: TypeAlias = str | bool | int | float | Sequence[str]
Attributes: TypeAlias = dict[str, Value]


def present(attributes: Mapping[str, Value | None]) -> Attributes:
    """The attributes that have a value: not None, empty text or an empty tuple."""
    return {
        name: value
        for name, value in attributes.items()
        if value is not None and value != () and value != ""
    }


def of_error(error: ErrorDetails | None) -> Attributes:
    """`error.type` is DynamoDB's code, or else the name of the error's class."""
    if error is None:
        return {}
    return present({"error.type": error.code or error.type, "db.response.status_code": error.code})


def of_operation(details: CallDetails | AttemptDetails) -> Attributes:
    """What spans and metrics have in common."""
    server = details.server
    # The conventions want the port only where it is not DynamoDB's own.
    port = server.port if server.address is not None and server.port != DEFAULT_PORT else None
    return present(
        {
            "db.system.name": "aws.dynamodb",
            "db.operation.name": details.operation,
            "db.collection.name": details.table,
            "server.address": server.address,
            "server.port": port,
        }
    )


class Spans:
    """A span for each call under way, by the call's number."""

    def __init__(self, provider: TracerProvider | None) -> None:
        self._tracer = trace.get_tracer("adorm", tracer_provider=provider, schema_url=SCHEMA_URL)
        self._live: dict[int, tuple[Span, Token[Context]]] = {}

    def before_call(self, call: CallDetails) -> None:
        """Begin a span, and make it the current one."""
        name = f"{call.operation} {call.table}" if call.table else call.operation
        span = self._tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes=_request_attributes(call)
        )
        self._live[call.call_id] = span, context.attach(trace.set_span_in_context(span))

    def after_attempt(self, attempt: AttemptDetails) -> None:
        """Add an event for an attempt that failed, or that was a retry."""
        span, _ = self._live.get(attempt.call_id, (None, None))
        is_notable = attempt.error is not None or attempt.attempt > 1
        if span is not None and is_notable and span.is_recording():
            span.add_event("adorm.attempt", _attempt_attributes(attempt))

    def after_call(self, call: CallDetails) -> None:
        """End the span."""
        span, token = self._live.pop(call.call_id, (None, None))
        if span is None or token is None:
            return
        # A coroutine that is thrown away may end in another context, where there is nothing to go
        # back to.
        thrown_away = call.error is not None and call.error.type == "GeneratorExit"
        if not thrown_away or trace.get_current_span() is span:
            context.detach(token)
        if span.is_recording():
            span.set_attributes(_answer_attributes(call))
            if call.error is not None:
                # Without a description: messages hold keys.
                span.set_status(Status(StatusCode.ERROR))
        span.end()


def _request_attributes(call: CallDetails) -> Attributes:
    request = call.request
    batch = request.batch_size or 0
    return of_operation(call) | present(
        {
            "rpc.system": "aws-api",
            "rpc.service": "DynamoDB",
            "rpc.method": call.operation,
            "cloud.region": call.server.region,
            "adorm.model": call.model,
            # A batch has two operations or more, by the conventions.
            "db.operation.batch.size": request.batch_size if batch > 1 else None,
            **_shape(request),
        }
    )


def _shape(request: RequestDetails) -> Attributes:
    shape = {
        "table_names": request.tables,
        "index_name": request.index,
        "consistent_read": request.consistent_read,
        "limit": request.limit,
        "select": request.select,
        "projection": request.projection,
        "attributes_to_get": request.attributes_to_get,
        "segment": request.segment,
        "total_segments": request.total_segments,
        "scan_forward": request.scan_forward,
        "exclusive_start_table": request.exclusive_start_table,
    }
    return present({f"aws.dynamodb.{name}": value for name, value in shape.items()})


def _attempt_attributes(attempt: AttemptDetails) -> Attributes:
    error = attempt.error or ErrorDetails(type="")
    return of_error(attempt.error) | present(
        {
            "adorm.attempt.number": attempt.attempt,
            "adorm.attempt.duration": attempt.duration_s,
            "adorm.attempt.delay": attempt.delay_s or None,
            "http.request.resend_count": attempt.attempt - 1 or None,
            "http.response.status_code": error.status,
            "aws.request_id": error.request_id,
        }
    )


def _answer_attributes(call: CallDetails) -> Attributes:
    error, answer = call.error or ErrorDetails(type=""), call.answer or AnswerDetails()
    return of_error(call.error) | present(
        {
            "aws.request_id": answer.request_id or error.request_id,
            "aws.dynamodb.count": answer.count,
            "aws.dynamodb.scanned_count": answer.scanned_count,
            "aws.dynamodb.table_count": answer.table_count,
            "aws.dynamodb.consumed_capacity": tuple(
                _capacity_json(table, units) for table, units in answer.capacity.items()
            ),
            "db.response.returned_rows": answer.count,
            "adorm.unprocessed": answer.unprocessed or None,
            "adorm.attempts": call.attempts if call.attempts != 1 else None,
            "adorm.maybe_applied": error.maybe_applied or None,
            "adorm.cancelled": error.cancelled or None,
            "adorm.cancellation_reasons": tuple(reason or "None" for reason in error.reasons),
        }
    )


def _capacity_json(table: str, units: Units) -> str:
    parts = {"ReadCapacityUnits": units.read, "WriteCapacityUnits": units.write}
    return json.dumps(
        {"TableName": table, "CapacityUnits": units.read + units.write}
        | {name: part for name, part in parts.items() if part}
    )


DURATION_BOUNDARIES_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
ROW_BOUNDARIES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4)
"""Both as the conventions advise."""

POOL_NAME = "db.client.connection.pool.name"


class Metrics:
    """The instruments of one meter."""

    def __init__(self, provider: MeterProvider | None) -> None:
        meter = metrics.get_meter("adorm", meter_provider=provider, schema_url=SCHEMA_URL)
        self._duration = meter.create_histogram(
            "db.client.operation.duration",
            "s",
            "Duration of database client operations.",
            explicit_bucket_boundaries_advisory=DURATION_BOUNDARIES_S,
        )
        self._rows = meter.create_histogram(
            "db.client.response.returned_rows",
            "{row}",
            "The actual number of records returned by the database operation.",
            explicit_bucket_boundaries_advisory=ROW_BOUNDARIES,
        )
        self._retries = meter.create_counter(
            "adorm.client.retries", "{attempt}", "Attempts after the first of a call."
        )
        self._throttles = meter.create_counter(
            "adorm.client.throttles", "{attempt}", "Attempts that were throttled."
        )
        self._capacity = meter.create_counter(
            "adorm.client.consumed_capacity",
            "{unit}",
            "Capacity units that answers report as consumed.",
        )
        self._pools: list[Connections] = []
        meter.create_observable_up_down_counter(
            "db.client.connection.count",
            [self._counts],
            "{connection}",
            "The number of connections that are currently in state described by the state "
            "attribute.",
        )
        meter.create_observable_up_down_counter(
            "db.client.connection.max",
            [self._observed(lambda figures: figures.limit)],
            "{connection}",
            "The maximum number of open connections allowed.",
        )
        meter.create_observable_up_down_counter(
            "db.client.connection.pending_requests",
            [self._observed(lambda figures: figures.waiting)],
            "{request}",
            "The number of current pending requests for an open connection.",
        )

    def after_attempt(self, attempt: AttemptDetails) -> None:
        """Count retries and throttles."""
        if attempt.attempt > 1:
            self._retries.add(1, of_operation(attempt))
        if attempt.error is not None and attempt.error.throttled:
            self._throttles.add(1, of_operation(attempt) | of_error(attempt.error))

    def after_call(self, call: CallDetails) -> None:
        """Record the call's duration, items and capacity units."""
        attributes = of_operation(call)
        self._duration.record(call.duration_s, attributes | of_error(call.error))
        if call.answer is None:
            return
        if call.answer.count is not None:
            self._rows.record(call.answer.count, attributes)
        for table, units in call.answer.capacity.items():
            for kind, consumed in (("read", units.read), ("write", units.write)):
                if consumed:
                    about: Attributes = {"db.collection.name": table, "adorm.capacity.kind": kind}
                    self._capacity.add(consumed, attributes | about)

    def on_open(self, connections: Connections) -> None:
        """Watch the pool of a database, for as long as it is open."""
        self._pools = [*(pool for pool in self._pools if pool.figures() is not None), connections]

    def _counts(self, _options: CallbackOptions) -> Iterable[Observation]:
        counts = Counter[tuple[str, str]]()
        for name, figures in self._open_pools():
            counts[name, "used"] += figures.in_use
            counts[name, "idle"] += figures.idle
        return [
            Observation(count, {POOL_NAME: name, "db.client.connection.state": state})
            for (name, state), count in counts.items()
        ]

    def _observed(
        self, figure: Callable[[PoolFigures], int]
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_options: CallbackOptions) -> Iterable[Observation]:
            sums = Counter[str]()
            for name, figures in self._open_pools():
                sums[name] += figure(figures)
            return [Observation(count, {POOL_NAME: name}) for name, count in sums.items()]

        return observe

    def _open_pools(self) -> Iterator[tuple[str, PoolFigures]]:
        """Of each open pool its name, which those to the same server share, and its figures."""
        for pool in self._pools:
            figures = pool.figures()
            if figures is not None:
                yield f"{pool.server.address}:{pool.server.port}", figures
