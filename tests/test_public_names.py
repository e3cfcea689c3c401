"""The names that users import from `adorm`, pinned: adding or removing one is a decision, and this
list is where it shows."""

from __future__ import annotations

import ast
import inspect
import sys
from importlib import import_module
from pathlib import Path

import pytest

import adorm
from adorm.support.lazy_names import read_stub

PUBLIC = [
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
    "CollectionQuery",
    "CollectionScan",
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
    "DryRun",
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
    "IndexCheck",
    "IndexKey",
    "ItemDecodeError",
    "ItemExists",
    "ItemNotFound",
    "ItemStream",
    "Key",
    "KeyFunction",
    "KeyMaker",
    "KeyTemplate",
    "KeyText",
    "Keyed",
    "KeyedTable",
    "LambdaHandler",
    "LeaseLost",
    "Loader",
    "LocalIndex",
    "LockHeld",
    "LogCalls",
    "MemoryStats",
    "MessageOutcome",
    "Migration",
    "MigrationFailed",
    "MigrationReport",
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
    "RawTable",
    "RecordOutcome",
    "Recovery",
    "Repair",
    "RepairResult",
    "RequestDetails",
    "ResourceNotFound",
    "Restore",
    "ResultNotStored",
    "RetryPolicy",
    "Sample",
    "Scan",
    "ScanFailed",
    "ScanResult",
    "ScanStream",
    "ServerDetails",
    "ServiceError",
    "SingleTable",
    "SqsFailed",
    "SqsHandler",
    "SqsMessage",
    "SqsResult",
    "Step",
    "StepProgress",
    "StreamChange",
    "StreamFailed",
    "StreamHandler",
    "StreamRecord",
    "StreamResult",
    "Table",
    "TableDescription",
    "TableDetails",
    "TablePlan",
    "TableSpec",
    "Throttled",
    "TimeToLive",
    "TransactGet",
    "Transaction",
    "TransactionCanceled",
    "TransactionConflict",
    "TransactionUpdate",
    "TransactionWrite",
    "UniqueConflict",
    "Units",
    "UnknownField",
    "Update",
    "UpdateMany",
    "UpdateManyResult",
    "UsageError",
    "ValidationFailed",
    "Verification",
    "VersionConflict",
    "WorkResult",
    "Write",
    "accounts",
    "add",
    "after_delete",
    "after_load",
    "after_save",
    "and_",
    "attr",
    "attribute",
    "before_delete",
    "before_save",
    "chain",
    "cold_start_report",
    "collect_capacity",
    "connect",
    "created_at",
    "deadline",
    "deleted_at",
    "discriminator",
    "drop",
    "eventually",
    "from_attribute_map",
    "from_plain",
    "from_stream_record",
    "idempotent",
    "is_expired",
    "item_size",
    "json_schema",
    "key",
    "lambda_handler",
    "map_class",
    "memory_stats",
    "model",
    "models_from_dms",
    "models_from_table",
    "models_from_workbench",
    "not_",
    "not_none",
    "or_",
    "or_absent",
    "partition_key",
    "path",
    "raw",
    "rename",
    "same_dms",
    "sort_key",
    "sqs_handler",
    "stream_handler",
    "to_attribute_map",
    "to_dms",
    "to_plain",
    "to_workbench",
    "ttl",
    "updated_at",
    "uuid7",
    "version",
]


def test_the_public_names_are_these() -> None:
    assert sorted(read_stub("adorm")) == PUBLIC


@pytest.mark.parametrize("package", ["adorm", "adorm.testing"])
def test_the_stub_is_read_as_a_parser_reads_it(package: str) -> None:
    stub = Path(str(import_module(package).__file__)).with_suffix(".pyi").read_text()
    assert read_stub(package) == {
        str(alias.asname): line.module
        for line in ast.parse(stub).body
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    }


def test_no_module_takes_the_place_of_a_public_name() -> None:
    # importing `adorm.connect` would put the module where the function is
    modules = {path.stem for path in Path(str(adorm.__file__)).parent.iterdir()}
    assert {
        name for name in PUBLIC if name in modules and not inspect.ismodule(getattr(adorm, name))
    } == set()


def test_a_star_import_gives_all_of_them() -> None:
    names: dict[str, object] = {}
    exec("from adorm import *", names)
    assert set(PUBLIC) <= set(names)


def test_a_package_without_its_stub_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bundled").mkdir()
    (tmp_path / "bundled" / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ImportError, match=r"installed without its file __init__\.pyi"):
        read_stub("bundled")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Modell'"):
        adorm.Modell  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # on purpose
    assert set(PUBLIC) <= set(dir(adorm))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    public = getattr(adorm, name)
    documentation = public.__doc__ if inspect.isclass(public) else inspect.getdoc(public)
    assert documentation, f"adorm.{name} has no docstring"
