"""Internal: one item's life: keys, reading, writing, and what a failed write means."""
