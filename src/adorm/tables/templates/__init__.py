"""Internal: the table of a `TableSpec`, written down for other tools."""
