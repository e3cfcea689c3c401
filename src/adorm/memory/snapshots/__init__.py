"""Internal: converts an engine to JSON and back."""
