"""Internal: models from and to the formats of other tools, and models of living tables."""
