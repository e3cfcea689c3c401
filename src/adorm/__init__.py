"""adorm: the asyncio-native ORM for Amazon DynamoDB."""

from adorm.batch.block import Batch
from adorm.batch.changes import BatchWriteResult
from adorm.batch.get import BatchGet, BatchGetResult, BatchSelect, BatchSelectResult
from adorm.batch.loader import Loader
from adorm.batch.single import CreateMany, CreateManyResult, UpdateMany, UpdateManyResult
from adorm.batch.write import BatchWrite
from adorm.call_hooks import AttemptDetails, CallDetails, CallHooks
from adorm.codec import from_attribute_map, from_plain, item_size, to_attribute_map, to_plain
from adorm.database import Database, connect
from adorm.deadlines import deadline
from adorm.errors import (
    AccessDenied,
    AdormError,
    BatchFailed,
    CancellationReason,
    ConditionalCheckFailed,
    ConnectionFailed,
    DeadlineExceeded,
    GatherFailed,
    ItemDecodeError,
    ItemExists,
    ItemNotFound,
    LeaseLost,
    LockHeld,
    MisusedExpression,
    ModelError,
    ResourceNotFound,
    ScanFailed,
    ServiceError,
    Throttled,
    TransactionCanceled,
    TransactionConflict,
    UnknownField,
    UsageError,
    ValidationFailed,
    VersionConflict,
)
from adorm.expiry import is_expired
from adorm.expressions.conditions import Condition, and_, not_, or_, raw
from adorm.expressions.updates import Clause
from adorm.gather import GatherResult
from adorm.ids import uuid7
from adorm.indexes import GlobalIndex, LocalIndex
from adorm.keys import Key
from adorm.markers import attribute, created_at, discriminator, partition_key, sort_key, ttl, updated_at, version
from adorm.models import map_class, model
from adorm.outcomes import Outcome, Progress
from adorm.paths import Attr, attr, not_none, path
from adorm.query.gets import Get
from adorm.query.operation import Operation
from adorm.query.pages import Page
from adorm.query.plan import Plan
from adorm.query.queries import Query
from adorm.query.streams import ItemStream
from adorm.query.updates import Update
from adorm.query.values import AnyModel
from adorm.query.writes import Write
from adorm.retry import RetryPolicy
from adorm.scan import CollectingScan, Scan, ScanResult, ScanStream
from adorm.table import Table
from adorm.tables import Provisioned, TableDescription
from adorm.tx.get import TransactGet
from adorm.tx.handles import TransactionUpdate, TransactionWrite
from adorm.tx.write import Transaction

__all__ = [
    "AccessDenied",
    "AdormError",
    "AnyModel",
    "AttemptDetails",
    "Attr",
    "Batch",
    "BatchFailed",
    "BatchGet",
    "BatchGetResult",
    "BatchSelect",
    "BatchSelectResult",
    "BatchWrite",
    "BatchWriteResult",
    "CallDetails",
    "CallHooks",
    "CancellationReason",
    "Clause",
    "CollectingScan",
    "Condition",
    "ConditionalCheckFailed",
    "ConnectionFailed",
    "CreateMany",
    "CreateManyResult",
    "Database",
    "DeadlineExceeded",
    "GatherFailed",
    "GatherResult",
    "Get",
    "GlobalIndex",
    "ItemDecodeError",
    "ItemExists",
    "ItemNotFound",
    "ItemStream",
    "Key",
    "LeaseLost",
    "Loader",
    "LocalIndex",
    "LockHeld",
    "MisusedExpression",
    "ModelError",
    "Operation",
    "Outcome",
    "Page",
    "Plan",
    "Progress",
    "Provisioned",
    "Query",
    "ResourceNotFound",
    "RetryPolicy",
    "Scan",
    "ScanFailed",
    "ScanResult",
    "ScanStream",
    "ServiceError",
    "Table",
    "TableDescription",
    "Throttled",
    "TransactGet",
    "Transaction",
    "TransactionCanceled",
    "TransactionConflict",
    "TransactionUpdate",
    "TransactionWrite",
    "UnknownField",
    "Update",
    "UpdateMany",
    "UpdateManyResult",
    "UsageError",
    "ValidationFailed",
    "VersionConflict",
    "Write",
    "and_",
    "attr",
    "attribute",
    "connect",
    "created_at",
    "deadline",
    "discriminator",
    "from_attribute_map",
    "from_plain",
    "is_expired",
    "item_size",
    "map_class",
    "model",
    "not_",
    "not_none",
    "or_",
    "partition_key",
    "path",
    "raw",
    "sort_key",
    "to_attribute_map",
    "to_plain",
    "ttl",
    "updated_at",
    "uuid7",
    "version",
]
