"""What tests of code that uses adorm need: faults on demand, a recorder, a DynamoDB over HTTP, a clock that stands still."""

from adorm.testing.attempts import Attempt
from adorm.testing.clock import FakeClock
from adorm.testing.faults import Fault, Faults, Hold, Occasion
from adorm.testing.local import LocalDynamoDB, LocalDynamoDBFailed
from adorm.testing.recorder import Recorder, Sent
from adorm.testing.sqs_events import sqs_event, sqs_message
from adorm.testing.stream_events import stream_event, stream_record

__all__ = [
    "Attempt",
    "FakeClock",
    "Fault",
    "Faults",
    "Hold",
    "LocalDynamoDB",
    "LocalDynamoDBFailed",
    "Occasion",
    "Recorder",
    "Sent",
    "sqs_event",
    "sqs_message",
    "stream_event",
    "stream_record",
]
