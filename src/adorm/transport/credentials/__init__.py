"""Internal: who signs: AWS credentials, where they come from, and keeping them fresh."""
