"""Internal: attribute values: their form, numbers and sizes."""
