"""Internal: the shapes of requests: JSON types and constraints, checked before anything else."""
