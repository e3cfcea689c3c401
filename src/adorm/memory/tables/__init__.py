"""Internal: the control plane: checks, changes and descriptions of tables."""
