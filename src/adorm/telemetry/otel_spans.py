"""Calls as OpenTelemetry spans."""

from __future__ import annotations

import json
from contextvars import Token

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from adorm.calls.details import (
    AnswerDetails,
    AttemptDetails,
    CallDetails,
    ErrorDetails,
    RequestDetails,
)
from adorm.calls.units import Units
from adorm.telemetry.otel_names import SCHEMA_URL, Attributes, of_error, of_operation, present


class Spans:
    """A span for each call under way, by the call's number."""

    def __init__(self, provider: TracerProvider | None) -> None:
        self._tracer = trace.get_tracer("adorm", tracer_provider=provider, schema_url=SCHEMA_URL)
        self._live: dict[int, tuple[Span, Token[Context]]] = {}

    def before_call(self, call: CallDetails) -> None:
        """Begin a span, and make it the current one."""
        name = f"{call.operation} {call.table}" if call.table else call.operation
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=_asked(call))
        self._live[call.call_id] = span, context.attach(trace.set_span_in_context(span))

    def after_attempt(self, attempt: AttemptDetails) -> None:
        """Note an attempt that failed, or that was a retry; of a call without either the span says
        it all."""
        span = self._live.get(attempt.call_id)
        if (
            span is not None
            and (attempt.error is not None or attempt.attempt > 1)
            and span[0].is_recording()
        ):
            span[0].add_event("adorm.attempt", _attempted(attempt))

    def after_call(self, call: CallDetails) -> None:
        """End the span."""
        span, token = self._live.pop(call.call_id, (None, None))
        if span is None or token is None:
            return
        # A coroutine that is thrown away may end in another context, where there is nothing to go
        # back to.
        if (
            call.error is None
            or call.error.type != "GeneratorExit"
            or trace.get_current_span() is span
        ):
            context.detach(token)
        if span.is_recording():
            span.set_attributes(_answered(call))
            if call.error is not None:
                span.set_status(
                    Status(StatusCode.ERROR)
                )  # without a description: messages hold keys
        span.end()


def _asked(call: CallDetails) -> Attributes:
    request = call.request
    return of_operation(call) | present(
        {
            "rpc.system": "aws-api",
            "rpc.service": "DynamoDB",
            "rpc.method": call.operation,
            "cloud.region": call.server.region,
            "adorm.model": call.model,
            # A batch has two operations or more, by the conventions.
            "db.operation.batch.size": request.batch_size
            if request.batch_size is not None and request.batch_size > 1
            else None,
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


def _attempted(attempt: AttemptDetails) -> Attributes:
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


def _answered(call: CallDetails) -> Attributes:
    error, answer = call.error or ErrorDetails(type=""), call.answer or AnswerDetails()
    return of_error(call.error) | present(
        {
            "aws.request_id": answer.request_id or error.request_id,
            "aws.dynamodb.count": answer.count,
            "aws.dynamodb.scanned_count": answer.scanned_count,
            "aws.dynamodb.table_count": answer.table_count,
            "aws.dynamodb.consumed_capacity": tuple(
                _reported(table, units) for table, units in answer.capacity.items()
            ),
            "db.response.returned_rows": answer.count,
            "adorm.unprocessed": answer.unprocessed or None,
            "adorm.attempts": call.attempts if call.attempts != 1 else None,
            "adorm.maybe_applied": error.maybe_applied or None,
            "adorm.cancelled": error.cancelled or None,
            "adorm.cancellation_reasons": tuple(reason or "None" for reason in error.reasons),
        }
    )


def _reported(table: str, units: Units) -> str:
    parts = {"ReadCapacityUnits": units.read, "WriteCapacityUnits": units.write}
    return json.dumps(
        {"TableName": table, "CapacityUnits": units.read + units.write}
        | {name: part for name, part in parts.items() if part}
    )
