"""Internal: records of DynamoDB Streams, typed, and handlers for them."""
