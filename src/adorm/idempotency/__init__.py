"""Internal: functions that run once for a key, however often they are called."""
