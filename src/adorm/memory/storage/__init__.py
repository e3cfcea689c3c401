"""Internal: what is stored, and where: keys, items in order, tables with their indexes."""
