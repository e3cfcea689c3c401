"""Internal: conditions, updates and projections, and how they become expressions of DynamoDB."""
