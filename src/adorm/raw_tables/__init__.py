"""Internal: tables without a model. Items are plain dicts, as they are stored."""
