"""Internal: the control plane: checks and changes of tables, and how they are described."""
