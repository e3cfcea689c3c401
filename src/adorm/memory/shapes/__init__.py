"""Internal: what requests may look like: JSON types, then constraints, before a table is sought."""
