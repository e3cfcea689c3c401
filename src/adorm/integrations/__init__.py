"""adorm inside web frameworks. Each module imports its framework, so none is imported here."""
