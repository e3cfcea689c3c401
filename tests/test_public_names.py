"""The names that users import from `adorm`, pinned: adding or removing one is a decision, and this list is where it shows."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys

import pytest

import adorm

PUBLIC = [
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


def test_the_public_names_are_these() -> None:
    assert sorted(adorm.__all__) == PUBLIC


def test_all_is_sorted_and_names_nothing_twice() -> None:
    assert list(adorm.__all__) == sorted(set(adorm.__all__))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    public = getattr(adorm, name)
    documentation = public.__doc__ if inspect.isclass(public) else inspect.getdoc(public)
    assert documentation, f"adorm.{name} has no docstring"


def test_importing_adorm_loads_nothing_heavy() -> None:
    heavy = "{'botocore', 'aiobotocore', 'boto3', 'aiohttp', 'moto', 'opentelemetry', 'pytest', 'rich'}"
    code = f"import sys, adorm; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "src"}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
