"""OpenTelemetry's SDK in memory: what was traced and measured, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from adorm.telemetry.otel import OpenTelemetry


class Telemetry:
    """`hooks` for a database, and what they wrote."""

    def __init__(self, *, capacity: bool = True) -> None:
        self._exporter = InMemorySpanExporter()
        self._spans = TracerProvider(shutdown_on_exit=False)
        self._spans.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        self._metrics = MeterProvider([self._reader], shutdown_on_exit=False)
        self.hooks = OpenTelemetry(
            tracer_provider=self._spans, meter_provider=self._metrics, capacity=capacity
        )

    @property
    def tracer(self) -> Tracer:
        """For spans around those of adorm."""
        return self._spans.get_tracer("test")

    @property
    def spans(self) -> list[ReadableSpan]:
        """Those that ended, in that order."""
        return list(self._exporter.get_finished_spans())

    def clear(self) -> None:
        """Forget the spans."""
        self._exporter.clear()

    def points(self, metric: str) -> list[tuple[dict[str, Any], Any]]:
        """Attributes and value (of a histogram the sum, the count and the boundaries) of each point
        of a metric, read now."""
        found: list[tuple[dict[str, Any], Any]] = []
        data = self._reader.get_metrics_data()
        for scope in [
            scope
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
        ]:
            for point in [
                point
                for each in scope.metrics
                if each.name == metric
                for point in each.data.data_points
            ]:
                value = getattr(point, "value", None)
                if value is None:
                    value = (
                        getattr(point, "sum", None),
                        getattr(point, "count", None),
                        getattr(point, "explicit_bounds", None),
                    )
                found.append((dict(point.attributes or {}), value))
        return found

    def everything(self) -> str:
        """All spans and metrics, as text to search."""
        data = self._reader.get_metrics_data()
        return "\n".join([*(span.to_json() for span in self.spans), data.to_json() if data else ""])


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    return span.attributes or {}
