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
    │   │   ├── UniqueConflict              a unique value belongs to another item
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
        ├── ScanFailed                      segments of a scan, or work on its items, failed
        │   └── MigrationFailed             items of a migration failed
        └── BatchFailed, GatherFailed, StreamFailed, SqsFailed

`adorm.dynamodb.codes` maps DynamoDB's error codes to these classes.
"""

from __future__ import annotations

from adorm.errors.base import (
    MESSAGE_CHARACTERS as MESSAGE_CHARACTERS,
    AdormError as AdormError,
    BadCursor as BadCursor,
    BadValue as BadValue,
    ConnectionFailed as ConnectionFailed,
    DeadlineExceeded as DeadlineExceeded,
    IdempotencyInProgress as IdempotencyInProgress,
    IdempotencyMismatch as IdempotencyMismatch,
    ItemDecodeError as ItemDecodeError,
    ItemNotFound as ItemNotFound,
    LeaseLost as LeaseLost,
    LockHeld as LockHeld,
    MisusedExpression as MisusedExpression,
    ModelError as ModelError,
    ResultNotStored as ResultNotStored,
    UnknownField as UnknownField,
    UsageError as UsageError,
)
from adorm.errors.groups import (
    BatchFailed as BatchFailed,
    FanOutFailed as FanOutFailed,
    GatherFailed as GatherFailed,
    MigrationFailed as MigrationFailed,
    ScanFailed as ScanFailed,
    SqsFailed as SqsFailed,
    StreamFailed as StreamFailed,
)
from adorm.errors.service import (
    AccessDenied as AccessDenied,
    ConditionalCheckFailed as ConditionalCheckFailed,
    ItemExists as ItemExists,
    ResourceNotFound as ResourceNotFound,
    ServiceError as ServiceError,
    Throttled as Throttled,
    TransactionConflict as TransactionConflict,
    UniqueConflict as UniqueConflict,
    ValidationFailed as ValidationFailed,
    VersionConflict as VersionConflict,
)
from adorm.errors.transaction import (
    CancellationReason as CancellationReason,
    TransactionCanceled as TransactionCanceled,
)

# Tracebacks and pickles name a class by the module from which users import it.
for _class in tuple(globals().values()):
    if isinstance(_class, type):
        _class.__module__ = __name__
