"""Internal: what AWS says about DynamoDB, with no logic of ours."""
