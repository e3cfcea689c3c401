"""Internal: what is not about DynamoDB: value classes, forked processes, text in messages."""
