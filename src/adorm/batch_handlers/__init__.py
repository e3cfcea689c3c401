"""Internal: what the handlers of Lambda's batches, of streams and of queues, have in common."""
