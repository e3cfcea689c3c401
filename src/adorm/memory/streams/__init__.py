"""Internal: the streams of tables: records, shards, iterators."""
