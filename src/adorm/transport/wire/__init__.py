"""Internal: adorm's own way to DynamoDB: HTTP, its pool of connections, signatures, the
endpoint."""
