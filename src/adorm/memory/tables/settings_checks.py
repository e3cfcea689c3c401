"""Internal: the checks of a table's settings: stream, encryption, table class and tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from adorm.memory.errors import invalid, invalid_value
from adorm.memory.limits import MAX_TAG_KEY_CHARACTERS, MAX_TAG_VALUE_CHARACTERS, MAX_TAGS

_TAG_TEXT = re.compile(r"[\w\s+\-=.:/]*")
"""Letters and digits of any script, white space, and `+ - = . _ : /`."""

TABLE_CLASSES = ("STANDARD", "STANDARD_INFREQUENT_ACCESS")


def check_new_stream(specification: Mapping[str, Any] | None) -> None:
    """Refuse a `StreamSpecification` of CreateTable that lacks a view type or has one too many.

    Raises:
        EngineError: the view type is missing, or the stream is off and has one.
    """
    if specification is None:
        return
    if specification["StreamEnabled"]:
        if "StreamViewType" not in specification:
            raise invalid_value(
                "Table is being created with a stream enabled, UpdateViewType is required"
            )
    elif "StreamViewType" in specification:
        raise invalid_value(
            "Table is being created with a stream disabled, UpdateViewType should not be specified"
        )


def check_changed_stream(specification: Mapping[str, Any]) -> None:
    """Refuse a `StreamSpecification` of UpdateTable that lacks a view type or has one too many.

    Raises:
        EngineError: the view type is missing, or the stream is off and has one.
    """
    if specification["StreamEnabled"]:
        if "StreamViewType" not in specification:
            raise invalid_value("If stream is being enabled then UpdateViewType is required")
    elif "StreamViewType" in specification:
        raise invalid_value(
            "If stream is being disabled, then UpdateViewType must not be specified"
        )


def check_sse(specification: Mapping[str, Any] | None) -> None:
    """Refuse an `SSESpecification` whose members contradict each other.

    Raises:
        EngineError: the members contradict each other.
    """
    if specification is None:
        return
    sse_type: str | None = specification.get("SSEType")
    if specification.get("Enabled") is False:
        for member in ("SSEType", "KMSMasterKeyId"):
            if member in specification:
                raise invalid_value(f"{member} can not be specified if Enabled is false")
    if sse_type is not None and sse_type != "KMS":
        raise invalid_value(f"SSEType {sse_type} is not supported")
    if sse_type is None and "KMSMasterKeyId" in specification:
        raise invalid_value("SSEType KMS is required if KMSMasterKeyId is specified")


def is_encrypted_with_kms(specification: Mapping[str, Any]) -> bool:
    """Whether an `SSESpecification` asks for KMS, which `{"SSEType": "KMS"}` alone does."""
    return bool(specification.get("Enabled", "SSEType" in specification))


def check_table_class(table_class: str | None) -> None:
    """Refuse an unknown table class.

    Raises:
        EngineError: the table class is unknown.
    """
    if table_class is not None and table_class not in TABLE_CLASSES:
        raise invalid(
            "Invalid table-class parameter provided. Please try again with a valid table-class"
            f" value: [{', '.join(TABLE_CLASSES)}]."
        )


def read_tags(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return `Tags` as a mapping from key to value.

    Raises:
        EngineError: a key or a value is not valid, or a key is repeated.
    """
    found: dict[str, str] = {}
    for tag in tags:
        key = tag["Key"]
        check_tag_key(key)
        if len(tag["Value"]) > MAX_TAG_VALUE_CHARACTERS or not _TAG_TEXT.fullmatch(tag["Value"]):
            raise invalid(f"The Tag Value provided is invalid, Value: {tag['Value']}")
        if key in found:
            raise invalid(f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {key}")
        found[key] = tag["Value"]
    return found


def check_tag_key(key: str) -> None:
    """Refuse a tag key that is empty, too long, has a wrong character or begins with `aws:`.

    Raises:
        EngineError: the tag key is not valid.
    """
    if not 0 < len(key) <= MAX_TAG_KEY_CHARACTERS or not _TAG_TEXT.fullmatch(key):
        raise invalid(f"The Tag Key provided is invalid, Key: {key}")
    if key.lower().startswith("aws:"):
        raise invalid(f"Tag Key cannot be prefixed with aws:, Key: {key}")


def check_tag_count(tags: Mapping[str, str]) -> None:
    """Refuse more than 50 tags on a table.

    Raises:
        EngineError: the table would have more than 50 tags.
    """
    if len(tags) > MAX_TAGS:
        raise invalid("Number of Tags exceed the current limit for the provided ResourceArn")
