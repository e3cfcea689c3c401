"""Internal: backups, point-in-time recovery, and tables that are restored."""
