"""`db.gather(...)`: several operations side by side, with one result and one error."""
