"""OpenTelemetry's hooks: `adorm.connect(hooks=[adorm.OpenTelemetry()])` imports the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adorm.calls.details import AttemptDetails, CallDetails
from adorm.calls.hooks import CallHooks
from adorm.errors import UsageError

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider


class OpenTelemetry(CallHooks):
    """Hooks that write traces and metrics by OpenTelemetry's semantic conventions for DynamoDB.

    A call is a span of kind CLIENT, `GetItem orders`, current while the call runs, with an event
    for each attempt that failed or was a retry. Spans and metrics hold names, numbers and codes,
    never a key, an item, credentials or the message of an error. One object may be given to several
    databases. https://opentelemetry.io/docs/specs/semconv/db/dynamodb/

    Args:
        tracer_provider, meter_provider: by default the global ones.
        capacity: have every call report what it consumed (`ReturnConsumedCapacity: INDEXES`), for
            spans and for a counter.

    Raises:
        UsageError: `opentelemetry-api` is not installed.
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        capacity: bool = True,
    ) -> None:
        try:
            from adorm.telemetry.otel_signals import Metrics, Spans
        except ImportError as error:
            raise UsageError(
                'adorm.OpenTelemetry() needs opentelemetry-api: pip install "adorm[otel]"'
            ) from error
        spans, metrics = Spans(tracer_provider), Metrics(meter_provider)

        def after_attempt(attempt: AttemptDetails) -> None:
            spans.after_attempt(attempt)
            metrics.after_attempt(attempt)

        def after_call(call: CallDetails) -> None:
            try:
                metrics.after_call(call)  # while the span is current, for exemplars
            finally:
                spans.after_call(call)

        super().__init__(
            before_call=spans.before_call,
            after_attempt=after_attempt,
            after_call=after_call,
            capacity=capacity,
            on_open=metrics.on_open,
        )

    def __repr__(self) -> str:
        return "adorm.OpenTelemetry()"
