"""Internal: `table.migrate(...)` and `table.migrate_to(...)`: items are changed beside writers."""
