"""Internal: the only package that starts tasks."""
