"""Internal: attribute values: their form, their numbers, their sizes."""
