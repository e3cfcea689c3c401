from adorm.account_map import (
    Account as Account,
    Accounts as Accounts,
    accounts as accounts,
)
from adorm.aws_lambda.figures import (
    ColdStartReport as ColdStartReport,
    MemoryStats as MemoryStats,
    cold_start_report as cold_start_report,
    memory_stats as memory_stats,
)
from adorm.aws_lambda.sqs import (
    MessageOutcome as MessageOutcome,
    SqsHandler as SqsHandler,
    SqsMessage as SqsMessage,
    SqsResult as SqsResult,
    sqs_handler as sqs_handler,
)
from adorm.batch.block import Batch as Batch
from adorm.batch.gather import GatherResult as GatherResult
from adorm.batch.get import (
    BatchGet as BatchGet,
    BatchGetResult as BatchGetResult,
    BatchSelect as BatchSelect,
    BatchSelectResult as BatchSelectResult,
)
from adorm.batch.loader import Loader as Loader
from adorm.batch.many import (
    CreateMany as CreateMany,
    CreateManyResult as CreateManyResult,
    UpdateMany as UpdateMany,
    UpdateManyResult as UpdateManyResult,
)
from adorm.batch.write import BatchWrite as BatchWrite
from adorm.batch.write_request import BatchWriteResult as BatchWriteResult
from adorm.calls.capacity import (
    Capacity as Capacity,
    Units as Units,
    collect_capacity as collect_capacity,
)
from adorm.calls.details import (
    AnswerDetails as AnswerDetails,
    AttemptDetails as AttemptDetails,
    CallDetails as CallDetails,
    ErrorDetails as ErrorDetails,
    RequestDetails as RequestDetails,
    ServerDetails as ServerDetails,
)
from adorm.calls.hedge import (
    Hedge as Hedge,
    HedgeFigures as HedgeFigures,
)
from adorm.calls.hooks import (
    CallHooks as CallHooks,
    Connections as Connections,
)
from adorm.calls.pace import AdaptiveRateLimit as AdaptiveRateLimit
from adorm.calls.prices import PriceTable as PriceTable
from adorm.codec.sizes import item_size as item_size
from adorm.connecting import connect as connect
from adorm.database import Database as Database
from adorm.deadlines import deadline as deadline
from adorm.errors import (
    AccessDenied as AccessDenied,
    AdormError as AdormError,
    BadCursor as BadCursor,
    BadValue as BadValue,
    BatchFailed as BatchFailed,
    CancellationReason as CancellationReason,
    ConditionalCheckFailed as ConditionalCheckFailed,
    ConnectionFailed as ConnectionFailed,
    DeadlineExceeded as DeadlineExceeded,
    GatherFailed as GatherFailed,
    IdempotencyInProgress as IdempotencyInProgress,
    IdempotencyMismatch as IdempotencyMismatch,
    ItemDecodeError as ItemDecodeError,
    ItemExists as ItemExists,
    ItemNotFound as ItemNotFound,
    LeaseLost as LeaseLost,
    LockHeld as LockHeld,
    MigrationFailed as MigrationFailed,
    MisusedExpression as MisusedExpression,
    ModelError as ModelError,
    ResourceNotFound as ResourceNotFound,
    ResultNotStored as ResultNotStored,
    ScanFailed as ScanFailed,
    ServiceError as ServiceError,
    SqsFailed as SqsFailed,
    StreamFailed as StreamFailed,
    Throttled as Throttled,
    TransactionCanceled as TransactionCanceled,
    TransactionConflict as TransactionConflict,
    UniqueConflict as UniqueConflict,
    UnknownField as UnknownField,
    UsageError as UsageError,
    ValidationFailed as ValidationFailed,
    VersionConflict as VersionConflict,
)
from adorm.exchange.codegen import models_from_table as models_from_table
from adorm.exchange.dms import to_dms as to_dms
from adorm.exchange.dms_documents import same_dms as same_dms
from adorm.exchange.dms_models import models_from_dms as models_from_dms
from adorm.exchange.json_schemas import json_schema as json_schema
from adorm.exchange.workbench import to_workbench as to_workbench
from adorm.exchange.workbench_models import models_from_workbench as models_from_workbench
from adorm.expressions.attr import (
    Attr as Attr,
    attr as attr,
    path as path,
)
from adorm.expressions.conditions import (
    Condition as Condition,
    and_ as and_,
    not_ as not_,
    or_ as or_,
)
from adorm.expressions.functions import or_absent as or_absent
from adorm.expressions.paths import not_none as not_none
from adorm.expressions.raw import raw as raw
from adorm.expressions.updates import Clause as Clause
from adorm.idempotency.decorator import idempotent as idempotent
from adorm.idempotency.records import IdempotencyRecord as IdempotencyRecord
from adorm.items.get import Get as Get
from adorm.items.instances import is_expired as is_expired
from adorm.items.key_makers import (
    IndexKey as IndexKey,
    Keyed as Keyed,
    KeyFunction as KeyFunction,
    KeyMaker as KeyMaker,
    KeyTemplate as KeyTemplate,
    KeyText as KeyText,
    key as key,
)
from adorm.items.keys import Key as Key
from adorm.items.maps import (
    from_attribute_map as from_attribute_map,
    from_plain as from_plain,
    to_attribute_map as to_attribute_map,
    to_plain as to_plain,
)
from adorm.items.operation import Operation as Operation
from adorm.items.plan import Plan as Plan
from adorm.items.restore import Restore as Restore
from adorm.items.single_write import Write as Write
from adorm.items.update import Update as Update
from adorm.lambda_runtime import (
    LambdaHandler as LambdaHandler,
    lambda_handler as lambda_handler,
)
from adorm.mapped_classes import map_class as map_class
from adorm.migrations.migration import Migration as Migration
from adorm.migrations.reports import (
    DryRun as DryRun,
    MigrationReport as MigrationReport,
    Sample as Sample,
    Verification as Verification,
)
from adorm.migrations.transforms import (
    add as add,
    chain as chain,
    drop as drop,
    rename as rename,
)
from adorm.models import model as model
from adorm.outcomes import (
    Outcome as Outcome,
    Progress as Progress,
)
from adorm.query.eventually import eventually as eventually
from adorm.query.pages import Page as Page
from adorm.query.query import (
    CollectingQuery as CollectingQuery,
    Query as Query,
    QueryResult as QueryResult,
)
from adorm.query.stream import ItemStream as ItemStream
from adorm.raw_tables.raw_table import RawTable as RawTable
from adorm.retry import RetryPolicy as RetryPolicy
from adorm.scan import Scan as Scan
from adorm.schema.hooks import (
    after_delete as after_delete,
    after_load as after_load,
    after_save as after_save,
    before_delete as before_delete,
    before_save as before_save,
)
from adorm.schema.ids import uuid7 as uuid7
from adorm.schema.indexes import (
    GlobalIndex as GlobalIndex,
    LocalIndex as LocalIndex,
)
from adorm.schema.markers import (
    attribute as attribute,
    created_at as created_at,
    deleted_at as deleted_at,
    discriminator as discriminator,
    partition_key as partition_key,
    sort_key as sort_key,
    ttl as ttl,
    updated_at as updated_at,
    version as version,
)
from adorm.schema.model_types import AnyModel as AnyModel
from adorm.schema.single_table import SingleTable as SingleTable
from adorm.segments.stream import ScanStream as ScanStream
from adorm.segments.work import (
    CollectingScan as CollectingScan,
    ScanResult as ScanResult,
    WorkResult as WorkResult,
)
from adorm.single_tables.collection_query import CollectionQuery as CollectionQuery
from adorm.single_tables.collection_scan import CollectionScan as CollectionScan
from adorm.single_tables.keyed_table import KeyedTable as KeyedTable
from adorm.streams.change import (
    StreamChange as StreamChange,
    from_stream_record as from_stream_record,
)
from adorm.streams.handler import (
    StreamHandler as StreamHandler,
    stream_handler as stream_handler,
)
from adorm.streams.record import StreamRecord as StreamRecord
from adorm.streams.result import RecordOutcome as RecordOutcome, StreamResult as StreamResult
from adorm.table import Table as Table
from adorm.tables.descriptions import TableDescription as TableDescription
from adorm.tables.details import (
    Recovery as Recovery,
    TableDetails as TableDetails,
    TimeToLive as TimeToLive,
)
from adorm.tables.index_check import IndexCheck as IndexCheck
from adorm.tables.options import Provisioned as Provisioned
from adorm.tables.plan import TablePlan as TablePlan
from adorm.tables.progress import StepProgress as StepProgress
from adorm.tables.repair import Repair as Repair, RepairResult as RepairResult
from adorm.tables.spec import TableSpec as TableSpec
from adorm.tables.steps import Step as Step
from adorm.telemetry.logs import LogCalls as LogCalls
from adorm.telemetry.otel import OpenTelemetry as OpenTelemetry
from adorm.transport.credentials.assumed_role import AssumedRole as AssumedRole
from adorm.transport.credentials.container import ContainerCredentials as ContainerCredentials
from adorm.transport.credentials.credentials import (
    Credentials as Credentials,
    CredentialsSource as CredentialsSource,
)
from adorm.tx.block import Transaction as Transaction
from adorm.tx.handles import (
    TransactionUpdate as TransactionUpdate,
    TransactionWrite as TransactionWrite,
)
from adorm.tx.transact_get import TransactGet as TransactGet
