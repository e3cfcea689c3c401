"""Internal: ways to reach DynamoDB."""
