"""Internal: many items at a time: batch reads and writes, bulk updates, the loader, gather."""
