"""Ways to reach DynamoDB."""
