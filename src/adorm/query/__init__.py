"""Internal: queries: the planner, pages, cursors, streams and aggregates."""
