"""Ready-made hooks: logs by the standard library's logging, traces and metrics by OpenTelemetry."""
