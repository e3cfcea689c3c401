"""Internal: what a structured class says: its types, fields, markers, names and indexes."""
