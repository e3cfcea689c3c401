"""Internal: tables of several models: collections, abstract models, tables by the parts of keys."""
