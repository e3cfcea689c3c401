"""Internal: storage: keys, items in order, and tables with their indexes."""
