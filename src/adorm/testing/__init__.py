"""What tests of code that uses adorm need: DynamoDB Local without Docker, a clock that stands still, a pytest plugin."""

from adorm.testing.clock import FakeClock
from adorm.testing.local import DynamoDBLocal, DynamoDBLocalFailed, DynamoDBLocalMissing, fetch_dynamodb_local

__all__ = ["DynamoDBLocal", "DynamoDBLocalFailed", "DynamoDBLocalMissing", "FakeClock", "fetch_dynamodb_local"]
