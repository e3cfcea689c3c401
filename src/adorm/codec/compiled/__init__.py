"""Internal: the code that is generated for a model."""
