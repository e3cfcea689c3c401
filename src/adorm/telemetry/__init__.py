"""Internal: ready-made hooks: logs, and traces and metrics of OpenTelemetry."""
