"""The errors that adorm raises.

::

    AdormError
    ├── UsageError (ValueError)             the caller's mistake: nothing was sent
    │   ├── MisusedExpression (TypeError)   a condition or path used as a bool or an iterable
    │   ├── UnknownField (AttributeError)   a path to a field that the model does not have
    │   ├── BadCursor                       a cursor that is damaged, forged or of another query
    │   ├── BadValue                        a value that DynamoDB can't hold or no item can have
    │   └── IdempotencyMismatch             an idempotency key used before with another payload
    ├── ModelError                          a mistake in a model's definition
    ├── ItemDecodeError                     an item that does not fit its model
    ├── ItemNotFound (LookupError)          no item has that key
    ├── LockHeld                            someone else holds the lock
    ├── LeaseLost                           the lock's lease was over, and someone else took it
    ├── IdempotencyInProgress               another run of the function holds the key
    ├── ResultNotStored                     the function has run, but its result is not stored
    ├── ServiceError                        DynamoDB answered with an error
    │   ├── ConditionalCheckFailed          the condition of a write did not hold
    │   │   ├── ItemExists                  create() found an item under its key
    │   │   └── VersionConflict             someone else wrote the item since it was read
    │   ├── TransactionCanceled (ExceptionGroup)
    │   ├── TransactionConflict             another transaction was writing the item
    │   ├── Throttled                       DynamoDB asks to slow down
    │   ├── ResourceNotFound                no such table or index
    │   ├── ValidationFailed                DynamoDB refused the request's shape
    │   └── AccessDenied                    credentials are wrong, expired or not allowed
    ├── ConnectionFailed                    no answer, or none that can be read
    ├── DeadlineExceeded (TimeoutError)     the time given is over
    └── FanOutFailed (ExceptionGroup)       parts of a fan-out failed
        └── ScanFailed, BatchFailed, GatherFailed, StreamFailed, SqsFailed

Which error code of DynamoDB becomes which class is told by `adorm.dynamodb.codes`.
"""

from __future__ import annotations

from adorm.errors.base import (
    MESSAGE_CHARACTERS,
    AdormError,
    BadCursor,
    BadValue,
    ConnectionFailed,
    DeadlineExceeded,
    IdempotencyInProgress,
    IdempotencyMismatch,
    ItemDecodeError,
    ItemNotFound,
    LeaseLost,
    LockHeld,
    MisusedExpression,
    ModelError,
    ResultNotStored,
    UnknownField,
    UsageError,
)
from adorm.errors.groups import (
    BatchFailed,
    CancellationReason,
    FanOutFailed,
    GatherFailed,
    ScanFailed,
    SqsFailed,
    StreamFailed,
    TransactionCanceled,
)
from adorm.errors.service import (
    AccessDenied,
    ConditionalCheckFailed,
    ItemExists,
    ResourceNotFound,
    ServiceError,
    Throttled,
    TransactionConflict,
    ValidationFailed,
    VersionConflict,
)

__all__ = [
    "MESSAGE_CHARACTERS",
    "AccessDenied",
    "AdormError",
    "BadCursor",
    "BadValue",
    "BatchFailed",
    "CancellationReason",
    "ConditionalCheckFailed",
    "ConnectionFailed",
    "DeadlineExceeded",
    "FanOutFailed",
    "GatherFailed",
    "IdempotencyInProgress",
    "IdempotencyMismatch",
    "ItemDecodeError",
    "ItemExists",
    "ItemNotFound",
    "LeaseLost",
    "LockHeld",
    "MisusedExpression",
    "ModelError",
    "ResourceNotFound",
    "ResultNotStored",
    "ScanFailed",
    "ServiceError",
    "SqsFailed",
    "StreamFailed",
    "Throttled",
    "TransactionCanceled",
    "TransactionConflict",
    "UnknownField",
    "UsageError",
    "ValidationFailed",
    "VersionConflict",
]

# Tracebacks and pickles name a class by the module from which users import it.
for _name in __all__:
    if isinstance(_class := globals()[_name], type):
        _class.__module__ = __name__
