"""Internal: an engine as JSON, and back."""
