"""Internal: reading and writing items: pages, single writes, transactions, units, time to live."""
