"""Internal: tables: made from a model, compared with it, waited for, deleted."""
