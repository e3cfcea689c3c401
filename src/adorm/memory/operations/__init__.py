"""Internal: the handlers of the operations, one module for an operation or for a few."""
