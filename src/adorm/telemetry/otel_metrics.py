"""Calls as OpenTelemetry metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from adorm.calls.details import AttemptDetails, CallDetails
from adorm.calls.hooks import Connections
from adorm.telemetry.otel_names import SCHEMA_URL, of_error, of_operation
from adorm.transport.wire.pool import PoolFigures

DURATION_BOUNDARIES_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
ROW_BOUNDARIES = (
    1.0,
    2.0,
    5.0,
    10.0,
    20.0,
    50.0,
    100.0,
    200.0,
    500.0,
    1000.0,
    2000.0,
    5000.0,
    10000.0,
)
"""Both as the conventions advise:
https://opentelemetry.io/docs/specs/semconv/db/database-metrics/"""

POOL_NAME = "db.client.connection.pool.name"


class Metrics:
    """The instruments of one meter."""

    def __init__(self, provider: MeterProvider | None) -> None:
        meter = metrics.get_meter("adorm", meter_provider=provider, schema_url=SCHEMA_URL)
        self._duration = meter.create_histogram(
            "db.client.operation.duration",
            unit="s",
            description="Duration of database client operations.",
            explicit_bucket_boundaries_advisory=DURATION_BOUNDARIES_S,
        )
        self._rows = meter.create_histogram(
            "db.client.response.returned_rows",
            unit="{row}",
            description="The actual number of records returned by the database operation.",
            explicit_bucket_boundaries_advisory=ROW_BOUNDARIES,
        )
        self._retries = meter.create_counter(
            "adorm.client.retries",
            unit="{attempt}",
            description="Attempts after the first of a call.",
        )
        self._throttles = meter.create_counter(
            "adorm.client.throttles", unit="{attempt}", description="Attempts that were throttled."
        )
        self._capacity = meter.create_counter(
            "adorm.client.consumed_capacity",
            unit="{unit}",
            description="Capacity units that answers report as consumed.",
        )
        self._pools: list[Connections] = []
        meter.create_observable_up_down_counter(
            "db.client.connection.count",
            callbacks=[self._counts],
            unit="{connection}",
            description=(
                "The number of connections that are currently in state described by the state "
                "attribute."
            ),
        )
        meter.create_observable_up_down_counter(
            "db.client.connection.max",
            callbacks=[self._observed(lambda figures: figures.limit)],
            unit="{connection}",
            description="The maximum number of open connections allowed.",
        )
        meter.create_observable_up_down_counter(
            "db.client.connection.pending_requests",
            callbacks=[self._observed(lambda figures: figures.waiting)],
            unit="{request}",
            description="The number of current pending requests for an open connection.",
        )

    def after_attempt(self, attempt: AttemptDetails) -> None:
        """Count what is no plain success."""
        if attempt.attempt > 1:
            self._retries.add(1, of_operation(attempt))
        if attempt.error is not None and attempt.error.throttled:
            self._throttles.add(1, of_operation(attempt) | of_error(attempt.error))

    def after_call(self, call: CallDetails) -> None:
        """Record what the call took, gave and consumed."""
        attributes = of_operation(call)
        self._duration.record(call.duration_s, attributes | of_error(call.error))
        if call.answer is None:
            return
        if call.answer.count is not None:
            self._rows.record(call.answer.count, attributes)
        for table, units in call.answer.capacity.items():
            for kind, consumed in (("read", units.read), ("write", units.write)):
                if consumed:
                    self._capacity.add(
                        consumed,
                        attributes | {"db.collection.name": table, "adorm.capacity.kind": kind},
                    )

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
