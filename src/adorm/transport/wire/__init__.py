"""Internal: adorm's own HTTP client for DynamoDB: connections, signatures, the endpoint."""
