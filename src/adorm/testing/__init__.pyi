from adorm.clock import use_clock as use_clock
from adorm.testing.attempts import Attempt as Attempt
from adorm.testing.clock import FakeClock as FakeClock
from adorm.testing.events import (
    sqs_event as sqs_event,
    sqs_message as sqs_message,
    stream_event as stream_event,
    stream_record as stream_record,
)
from adorm.testing.faults import (
    Fault as Fault,
    Faults as Faults,
    Hold as Hold,
    Occasion as Occasion,
)
from adorm.testing.local import (
    LocalDynamoDB as LocalDynamoDB,
    LocalDynamoDBFailed as LocalDynamoDBFailed,
)
from adorm.testing.recorder import (
    Recorder as Recorder,
    Sent as Sent,
)
