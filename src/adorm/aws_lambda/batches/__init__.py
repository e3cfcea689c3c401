"""Internal: what handlers of batches have in common, for DynamoDB Streams and for SQS."""
