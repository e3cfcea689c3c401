"""What tests of code that uses adorm need: faults on demand, a recorder, DynamoDB Local without Docker, a clock that stands still."""

from adorm.testing.attempts import Attempt
from adorm.testing.clock import FakeClock
from adorm.testing.faults import Fault, Faults, Hold, Occasion
from adorm.testing.local import DynamoDBLocal, DynamoDBLocalFailed, DynamoDBLocalMissing, fetch_dynamodb_local
from adorm.testing.recorder import Recorder, Sent
from adorm.testing.stream_events import stream_event, stream_record

__all__ = [
    "Attempt",
    "DynamoDBLocal",
    "DynamoDBLocalFailed",
    "DynamoDBLocalMissing",
    "FakeClock",
    "Fault",
    "Faults",
    "Hold",
    "Occasion",
    "Recorder",
    "Sent",
    "fetch_dynamodb_local",
    "stream_event",
    "stream_record",
]
