"""Item operations, queries, their planner, pages and cursors."""
