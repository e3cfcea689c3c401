"""Internal: DynamoDB's expressions: read, checked, and compiled to functions."""
