"""Internal: DynamoDB's expressions: parsed, checked and compiled to functions."""
