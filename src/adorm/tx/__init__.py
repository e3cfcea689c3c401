"""Internal: transactions: several writes or reads as one, and what is built on a version check."""
