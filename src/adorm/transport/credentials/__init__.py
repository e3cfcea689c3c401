"""Internal: AWS credentials: where they come from, and the cache that renews them."""
