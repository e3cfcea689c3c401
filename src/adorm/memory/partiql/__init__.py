"""Internal: PartiQL for DynamoDB: statements read, checked and carried out."""
