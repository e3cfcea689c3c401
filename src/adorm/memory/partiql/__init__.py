"""Internal: PartiQL for DynamoDB: statements are parsed, checked and run."""
