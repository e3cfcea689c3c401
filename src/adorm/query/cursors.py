"""Cursors: where a query goes on, as URL-safe text.

A cursor holds the key of the last item given (the exclusive start key) and a digest of the query
that it belongs to. With `connect(cursor_secret=...)` it is signed: a client can read the key but
can't make a cursor with another one. Without, the digest finds mistakes, not forgeries.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson

from adorm.dynamodb.values import AttributeMap, AttributeValue, json_default, key_value
from adorm.errors import BadCursor, BadValue

_DIGEST_BYTES = 16
_FORM = 1
MAX_CURSOR_BYTES = 16 * 1024
"""Longer text is not even decoded; the keys of DynamoDB need far less."""


def query_digest(
    operation: str,
    request: Mapping[str, Any],
    key_names: Sequence[str] = (),
    key_values: Sequence[AttributeValue] = (),
) -> bytes:
    """A digest of what a query reads and in which order.

    It covers the table, the index, the direction, and the key condition with its values.

    Args:
        key_names: the names of the attributes in the key condition, in its order.
        key_values: the values in it.

    Raises:
        BadValue: text in the key condition holds a lone surrogate, which UTF-8 can't encode.
    """
    identity = [
        operation,
        request["TableName"],
        request.get("IndexName"),
        request.get("ScanIndexForward", True),
        request.get("KeyConditionExpression"),
        key_names,
        key_values,
    ]
    try:
        text = orjson.dumps(identity, default=json_default, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise BadValue(f"the key condition can't be written as JSON: {error}") from error
    return hashlib.sha256(text).digest()[:_DIGEST_BYTES]


def encode_cursor(start_key: object, digest: bytes, secret: bytes | None) -> str:
    """The cursor that goes on after this key, or at what else its query calls a position."""
    body = bytes([_FORM]) + digest + orjson.dumps(start_key, default=json_default)
    return urlsafe_b64encode(_seal(body, secret) + body).rstrip(b"=").decode()


def decode_cursor(
    cursor: str, digest: bytes, secret: bytes | None, key_names: frozenset[str]
) -> AttributeMap:
    """The key in a cursor.

    Raises:
        BadCursor: it is damaged, forged, signed with another secret, or one of another query.
    """
    held = cursor_content(cursor, digest, secret)
    if not isinstance(held, dict) or held.keys() != key_names:
        raise BadCursor(
            "this cursor is damaged: it does not hold a key of this query; begin without one"
        )
    try:
        return {name: key_value(value) for name, value in cast("AttributeMap", held).items()}
    except ValueError as error:
        raise BadCursor("this cursor is damaged: begin without one") from error


def cursor_content(cursor: str, digest: bytes, secret: bytes | None) -> object:
    """What a cursor of this query holds.

    Raises:
        BadCursor: it is damaged, forged, signed with another secret, or one of another query.
    """
    own_digest, content = open_cursor(cursor, secret)
    if own_digest != digest:
        raise BadCursor(
            "this cursor belongs to another query: "
            "table, index, direction and key condition have to be the same"
        )
    try:
        return orjson.loads(content)
    except ValueError as error:
        raise BadCursor("this cursor is damaged: begin without one") from error


def open_cursor(cursor: str, secret: bytes | None) -> tuple[bytes, bytes]:
    """The digest of the query that a cursor belongs to, and the JSON of what it holds.

    Raises:
        BadCursor: it is damaged, forged, or signed with another secret.
    """
    # comes from outside
    if not isinstance(cursor, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadCursor(f"a cursor is the text of Page.cursor, not {type(cursor).__name__}")
    if len(cursor) > MAX_CURSOR_BYTES:
        raise BadCursor("this is no cursor: it is far too long")
    try:
        sealed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError as error:
        raise BadCursor(
            "this is no cursor, or a damaged one: take the text of Page.cursor as it is"
        ) from error
    seal, body = sealed[:_DIGEST_BYTES], sealed[_DIGEST_BYTES:]
    if (
        not hmac.compare_digest(seal, _seal(body, secret))
        or urlsafe_b64encode(sealed).rstrip(b"=").decode() != cursor
    ):
        raise BadCursor(
            "this cursor is truncated or changed, or was made with another cursor_secret: "
            "take the text of Page.cursor as it is, or begin without one"
        )
    if body[:1] != bytes([_FORM]):
        raise BadCursor("this cursor was made by another version of adorm: begin without one")
    return body[1 : 1 + _DIGEST_BYTES], body[1 + _DIGEST_BYTES :]


def _seal(body: bytes, secret: bytes | None) -> bytes:
    if secret is None:
        return hashlib.sha256(b"adorm cursor" + body).digest()[:_DIGEST_BYTES]
    return hmac.digest(secret, b"adorm cursor" + body, "sha256")[:_DIGEST_BYTES]
