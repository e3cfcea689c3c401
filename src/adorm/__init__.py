"""adorm: the asyncio-native ORM for Amazon DynamoDB.

Importing it loads next to nothing: each name is fetched from its module when it is first asked for, so that a Lambda pays for what it uses.
"""

from __future__ import annotations

from time import monotonic as _monotonic
from typing import TYPE_CHECKING

_import_began_s = _monotonic()  # for cold_start_report()

if TYPE_CHECKING:
    from adorm.account_map import Account, Accounts, accounts
    from adorm.batch.block import Batch
    from adorm.batch.changes import BatchWriteResult
    from adorm.batch.get import BatchGet, BatchGetResult, BatchSelect, BatchSelectResult
    from adorm.batch.loader import Loader
    from adorm.batch.single import CreateMany, CreateManyResult, UpdateMany, UpdateManyResult
    from adorm.batch.write import BatchWrite
    from adorm.call_details import AnswerDetails, AttemptDetails, CallDetails, ErrorDetails, RequestDetails, ServerDetails
    from adorm.call_hooks import CallHooks, Connections
    from adorm.capacity import Capacity, Units
    from adorm.codec import item_size
    from adorm.codec.maps import from_attribute_map, from_plain, to_attribute_map, to_plain
    from adorm.connecting import connect
    from adorm.database import Database
    from adorm.deadlines import deadline
    from adorm.errors import (
        AccessDenied,
        AdormError,
        BadCursor,
        BadValue,
        BatchFailed,
        CancellationReason,
        ConditionalCheckFailed,
        ConnectionFailed,
        DeadlineExceeded,
        GatherFailed,
        IdempotencyInProgress,
        IdempotencyMismatch,
        ItemDecodeError,
        ItemExists,
        ItemNotFound,
        LeaseLost,
        LockHeld,
        MisusedExpression,
        ModelError,
        ResourceNotFound,
        ResultNotStored,
        ScanFailed,
        ServiceError,
        SqsFailed,
        StreamFailed,
        Throttled,
        TransactionCanceled,
        TransactionConflict,
        UnknownField,
        UsageError,
        ValidationFailed,
        VersionConflict,
    )
    from adorm.expiry import is_expired
    from adorm.expressions.conditions import Condition, and_, not_, or_, or_absent, raw
    from adorm.expressions.updates import Clause
    from adorm.gather.run import GatherResult
    from adorm.hedging import Hedge, HedgeFigures
    from adorm.idempotency.decorator import idempotent
    from adorm.idempotency.records import IdempotencyRecord
    from adorm.ids import uuid7
    from adorm.indexes import GlobalIndex, LocalIndex
    from adorm.keys import Key
    from adorm.lambda_runtime.figures import ColdStartReport, MemoryStats, cold_start_report, memory_stats
    from adorm.lambda_runtime.handler import LambdaHandler, lambda_handler
    from adorm.markers import attribute, created_at, discriminator, partition_key, sort_key, ttl, updated_at, version
    from adorm.models import map_class, model
    from adorm.outcomes import Outcome, Progress
    from adorm.paths import Attr, attr, not_none, path
    from adorm.prices import PriceTable
    from adorm.query.eventually import eventually
    from adorm.query.gets import Get
    from adorm.query.model_types import AnyModel
    from adorm.query.operation import Operation
    from adorm.query.pages import Page
    from adorm.query.plan import Plan
    from adorm.query.queries import CollectingQuery, Query, QueryResult
    from adorm.query.streams import ItemStream
    from adorm.query.updates import Update
    from adorm.query.writes import Write
    from adorm.queues.handler import MessageOutcome, SqsHandler, SqsResult, sqs_handler
    from adorm.queues.message import SqsMessage
    from adorm.rate_limit import AdaptiveRateLimit
    from adorm.retry import RetryPolicy
    from adorm.scan.builder import CollectingScan, Scan
    from adorm.scan.plan import ScanResult
    from adorm.scan.stream import ScanStream
    from adorm.streams.change import StreamChange, from_stream_record
    from adorm.streams.handler import StreamHandler, stream_handler
    from adorm.streams.ordered import RecordOutcome
    from adorm.streams.record import StreamRecord
    from adorm.streams.result import StreamResult
    from adorm.table import Table
    from adorm.tables.descriptions import TableDescription
    from adorm.tables.requests import Provisioned
    from adorm.telemetry.logs import LogCalls
    from adorm.telemetry.otel import OpenTelemetry
    from adorm.transport.assumed_role import AssumedRole
    from adorm.transport.container_credentials import ContainerCredentials
    from adorm.transport.credentials import Credentials, CredentialsSource
    from adorm.tx.get import TransactGet
    from adorm.tx.handles import TransactionUpdate, TransactionWrite
    from adorm.tx.write import Transaction

__all__ = [
    "AccessDenied",
    "Account",
    "Accounts",
    "AdaptiveRateLimit",
    "AdormError",
    "AnswerDetails",
    "AnyModel",
    "AssumedRole",
    "AttemptDetails",
    "Attr",
    "BadCursor",
    "BadValue",
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
    "Capacity",
    "Clause",
    "ColdStartReport",
    "CollectingQuery",
    "CollectingScan",
    "Condition",
    "ConditionalCheckFailed",
    "ConnectionFailed",
    "Connections",
    "ContainerCredentials",
    "CreateMany",
    "CreateManyResult",
    "Credentials",
    "CredentialsSource",
    "Database",
    "DeadlineExceeded",
    "ErrorDetails",
    "GatherFailed",
    "GatherResult",
    "Get",
    "GlobalIndex",
    "Hedge",
    "HedgeFigures",
    "IdempotencyInProgress",
    "IdempotencyMismatch",
    "IdempotencyRecord",
    "ItemDecodeError",
    "ItemExists",
    "ItemNotFound",
    "ItemStream",
    "Key",
    "LambdaHandler",
    "LeaseLost",
    "Loader",
    "LocalIndex",
    "LockHeld",
    "LogCalls",
    "MemoryStats",
    "MessageOutcome",
    "MisusedExpression",
    "ModelError",
    "OpenTelemetry",
    "Operation",
    "Outcome",
    "Page",
    "Plan",
    "PriceTable",
    "Progress",
    "Provisioned",
    "Query",
    "QueryResult",
    "RecordOutcome",
    "RequestDetails",
    "ResourceNotFound",
    "ResultNotStored",
    "RetryPolicy",
    "Scan",
    "ScanFailed",
    "ScanResult",
    "ScanStream",
    "ServerDetails",
    "ServiceError",
    "SqsFailed",
    "SqsHandler",
    "SqsMessage",
    "SqsResult",
    "StreamChange",
    "StreamFailed",
    "StreamHandler",
    "StreamRecord",
    "StreamResult",
    "Table",
    "TableDescription",
    "Throttled",
    "TransactGet",
    "Transaction",
    "TransactionCanceled",
    "TransactionConflict",
    "TransactionUpdate",
    "TransactionWrite",
    "Units",
    "UnknownField",
    "Update",
    "UpdateMany",
    "UpdateManyResult",
    "UsageError",
    "ValidationFailed",
    "VersionConflict",
    "Write",
    "accounts",
    "and_",
    "attr",
    "attribute",
    "cold_start_report",
    "connect",
    "created_at",
    "deadline",
    "discriminator",
    "eventually",
    "from_attribute_map",
    "from_plain",
    "from_stream_record",
    "idempotent",
    "is_expired",
    "item_size",
    "lambda_handler",
    "map_class",
    "memory_stats",
    "model",
    "not_",
    "not_none",
    "or_",
    "or_absent",
    "partition_key",
    "path",
    "raw",
    "sort_key",
    "sqs_handler",
    "stream_handler",
    "to_attribute_map",
    "to_plain",
    "ttl",
    "updated_at",
    "uuid7",
    "version",
]

_HOMES = {
    "AccessDenied": "adorm.errors",
    "Account": "adorm.account_map",
    "Accounts": "adorm.account_map",
    "AdaptiveRateLimit": "adorm.rate_limit",
    "AdormError": "adorm.errors",
    "AnswerDetails": "adorm.call_details",
    "AnyModel": "adorm.query.model_types",
    "AssumedRole": "adorm.transport.assumed_role",
    "AttemptDetails": "adorm.call_details",
    "Attr": "adorm.paths",
    "BadCursor": "adorm.errors",
    "BadValue": "adorm.errors",
    "Batch": "adorm.batch.block",
    "BatchFailed": "adorm.errors",
    "BatchGet": "adorm.batch.get",
    "BatchGetResult": "adorm.batch.get",
    "BatchSelect": "adorm.batch.get",
    "BatchSelectResult": "adorm.batch.get",
    "BatchWrite": "adorm.batch.write",
    "BatchWriteResult": "adorm.batch.changes",
    "CallDetails": "adorm.call_details",
    "CallHooks": "adorm.call_hooks",
    "CancellationReason": "adorm.errors",
    "Capacity": "adorm.capacity",
    "Clause": "adorm.expressions.updates",
    "ColdStartReport": "adorm.lambda_runtime.figures",
    "CollectingQuery": "adorm.query.queries",
    "CollectingScan": "adorm.scan.builder",
    "Condition": "adorm.expressions.conditions",
    "ConditionalCheckFailed": "adorm.errors",
    "ConnectionFailed": "adorm.errors",
    "Connections": "adorm.call_hooks",
    "ContainerCredentials": "adorm.transport.container_credentials",
    "CreateMany": "adorm.batch.single",
    "CreateManyResult": "adorm.batch.single",
    "Credentials": "adorm.transport.credentials",
    "CredentialsSource": "adorm.transport.credentials",
    "Database": "adorm.database",
    "DeadlineExceeded": "adorm.errors",
    "ErrorDetails": "adorm.call_details",
    "GatherFailed": "adorm.errors",
    "GatherResult": "adorm.gather.run",
    "Get": "adorm.query.gets",
    "GlobalIndex": "adorm.indexes",
    "Hedge": "adorm.hedging",
    "HedgeFigures": "adorm.hedging",
    "IdempotencyInProgress": "adorm.errors",
    "IdempotencyMismatch": "adorm.errors",
    "IdempotencyRecord": "adorm.idempotency.records",
    "ItemDecodeError": "adorm.errors",
    "ItemExists": "adorm.errors",
    "ItemNotFound": "adorm.errors",
    "ItemStream": "adorm.query.streams",
    "Key": "adorm.keys",
    "LambdaHandler": "adorm.lambda_runtime.handler",
    "LeaseLost": "adorm.errors",
    "Loader": "adorm.batch.loader",
    "LocalIndex": "adorm.indexes",
    "LockHeld": "adorm.errors",
    "LogCalls": "adorm.telemetry.logs",
    "MemoryStats": "adorm.lambda_runtime.figures",
    "MessageOutcome": "adorm.queues.handler",
    "MisusedExpression": "adorm.errors",
    "ModelError": "adorm.errors",
    "OpenTelemetry": "adorm.telemetry.otel",
    "Operation": "adorm.query.operation",
    "Outcome": "adorm.outcomes",
    "Page": "adorm.query.pages",
    "Plan": "adorm.query.plan",
    "PriceTable": "adorm.prices",
    "Progress": "adorm.outcomes",
    "Provisioned": "adorm.tables.requests",
    "Query": "adorm.query.queries",
    "QueryResult": "adorm.query.queries",
    "RecordOutcome": "adorm.streams.ordered",
    "RequestDetails": "adorm.call_details",
    "ResourceNotFound": "adorm.errors",
    "ResultNotStored": "adorm.errors",
    "RetryPolicy": "adorm.retry",
    "Scan": "adorm.scan.builder",
    "ScanFailed": "adorm.errors",
    "ScanResult": "adorm.scan.plan",
    "ScanStream": "adorm.scan.stream",
    "ServerDetails": "adorm.call_details",
    "ServiceError": "adorm.errors",
    "SqsFailed": "adorm.errors",
    "SqsHandler": "adorm.queues.handler",
    "SqsMessage": "adorm.queues.message",
    "SqsResult": "adorm.queues.handler",
    "StreamChange": "adorm.streams.change",
    "StreamFailed": "adorm.errors",
    "StreamHandler": "adorm.streams.handler",
    "StreamRecord": "adorm.streams.record",
    "StreamResult": "adorm.streams.result",
    "Table": "adorm.table",
    "TableDescription": "adorm.tables.descriptions",
    "Throttled": "adorm.errors",
    "TransactGet": "adorm.tx.get",
    "Transaction": "adorm.tx.write",
    "TransactionCanceled": "adorm.errors",
    "TransactionConflict": "adorm.errors",
    "TransactionUpdate": "adorm.tx.handles",
    "TransactionWrite": "adorm.tx.handles",
    "Units": "adorm.capacity",
    "UnknownField": "adorm.errors",
    "Update": "adorm.query.updates",
    "UpdateMany": "adorm.batch.single",
    "UpdateManyResult": "adorm.batch.single",
    "UsageError": "adorm.errors",
    "ValidationFailed": "adorm.errors",
    "VersionConflict": "adorm.errors",
    "Write": "adorm.query.writes",
    "accounts": "adorm.account_map",
    "and_": "adorm.expressions.conditions",
    "attr": "adorm.paths",
    "attribute": "adorm.markers",
    "cold_start_report": "adorm.lambda_runtime.figures",
    "connect": "adorm.connecting",
    "created_at": "adorm.markers",
    "deadline": "adorm.deadlines",
    "discriminator": "adorm.markers",
    "eventually": "adorm.query.eventually",
    "from_attribute_map": "adorm.codec.maps",
    "from_plain": "adorm.codec.maps",
    "from_stream_record": "adorm.streams.change",
    "idempotent": "adorm.idempotency.decorator",
    "is_expired": "adorm.expiry",
    "item_size": "adorm.codec",
    "lambda_handler": "adorm.lambda_runtime.handler",
    "map_class": "adorm.models",
    "memory_stats": "adorm.lambda_runtime.figures",
    "model": "adorm.models",
    "not_": "adorm.expressions.conditions",
    "not_none": "adorm.paths",
    "or_": "adorm.expressions.conditions",
    "or_absent": "adorm.expressions.conditions",
    "partition_key": "adorm.markers",
    "path": "adorm.paths",
    "raw": "adorm.expressions.conditions",
    "sort_key": "adorm.markers",
    "sqs_handler": "adorm.queues.handler",
    "stream_handler": "adorm.streams.handler",
    "to_attribute_map": "adorm.codec.maps",
    "to_plain": "adorm.codec.maps",
    "ttl": "adorm.markers",
    "updated_at": "adorm.markers",
    "uuid7": "adorm.ids",
    "version": "adorm.markers",
}
"""Of each public name the module that defines it: what the imports above say to type checkers. A test holds the three lists together."""

if not TYPE_CHECKING:  # checkers would take any name for one of these

    def __getattr__(name: str) -> object:
        module = _HOMES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(module), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
