"""Internal: reads and writes of items: pages, single writes, transactions, time to live."""
