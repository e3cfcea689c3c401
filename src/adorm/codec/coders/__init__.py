"""Internal: how values of each type become attribute values and come back, one family a module."""
