"""Internal: backups, point-in-time recovery and the restore of tables."""
