"""Internal: creating the table of a model, comparing it with the model, deleting it."""
