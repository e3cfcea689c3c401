"""Removes secrets and the request's values from a server's text before a message shows it.

A server may send back what it received: AWS does if a signature or a parameter does not fit, and
proxies do in their error pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from adorm.support.printable_text import shown

HIDDEN = "***"
"""What a message shows in the place of a secret or a value."""

SHORTEST_SECRET = 8
"""Shorter secrets are common words, such as the `test` of a local DynamoDB. They are not removed,
because the gaps in the text would tell them."""

SHORTEST_VALUE = 8
"""Shorter values of the request are removed only inside of an attribute value."""

EMBEDDED_SECRET = 16
"""Secrets of this length and more are removed in the middle of other letters too; shorter ones only
as whole words."""

LOOKED_AT = 16384
"""The most characters of an answer that are looked at."""

_QUOTE = r"(?:\\*\"|&quot;|&#34;|')"
_VALUE_IN_JSON = rf"({_QUOTE}(?:S|N|B){_QUOTE}\s*:\s*{_QUOTE})(?:(?!{_QUOTE}).)*"
"""`{"S": "x"}`, in JSON, in JSON inside of JSON, and in HTML."""

_SET_IN_JSON = rf"({_QUOTE}(?:SS|NS|BS){_QUOTE}\s*:\s*\[)[^\]]*"
_VALUE_IN_WORDS = r"((?:AttributeValue:?\s*[({]|\{)\s*(?:S|N|B|SS|NS|BS)\s*[:=]\s*)[^,)}]*"
"""`AttributeValue: {S:x}` and `AttributeValue(S=x, ...)`."""

_BEFORE_PARAMETER, _AFTER_PARAMETER = "Value '", "' at '"
"""`Value 'x' at 'tableName' failed to satisfy constraint`."""

_NOT_NUMERIC = r"(cannot be converted to a numeric value: ).*"


def presentable(text: str, secrets: Iterable[str | None], request: object, most: int) -> str:
    """A server's text in one line of at most `most` characters, without secrets and values.

    Args:
        secrets: removed as they are, and as URLs, JSON and HTML write them.
        request: the request's parameters; their attribute values are removed.
    """
    text = " ".join(text[:LOOKED_AT].split())
    for pattern in (_VALUE_IN_JSON, _SET_IN_JSON, _VALUE_IN_WORDS, _NOT_NUMERIC):
        text = re.sub(pattern, rf"\1{HIDDEN}", text)
    start, end = text.find(_BEFORE_PARAMETER), text.rfind(_AFTER_PARAMETER)
    if 0 <= start < end:
        text = f"{text[: start + len(_BEFORE_PARAMETER)]}{HIDDEN}{text[end:]}"
    text = without_secrets(text, secrets)
    # The longest first, because one may be a part of another.
    found = {value for value in _values(request) if len(value) >= SHORTEST_VALUE and value in text}
    for value in sorted(found, key=len, reverse=True):
        text = _without(text, value)
    return shown(text, most)


def without_secrets(text: str, secrets: Iterable[str | None]) -> str:
    """The text without secrets of 8 characters or more, plain or as URL, JSON or HTML."""
    for secret in secrets:
        if secret is not None and len(secret) >= SHORTEST_SECRET:
            for spelling in _spellings(secret):
                text = _without(text, spelling)
    return text


def _without(text: str, part: str) -> str:
    if part not in text:
        return text
    if len(part) >= EMBEDDED_SECRET:
        return text.replace(part, HIDDEN)
    return re.sub(rf"(?<![^\W_]){re.escape(part)}(?![^\W_])", HIDDEN, text)


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    if not secret.isalnum():
        from html import escape
        from urllib.parse import quote, quote_plus

        yield from {
            quote(secret, safe=""),
            quote_plus(secret),
            escape(secret),
            secret.replace("/", "\\/"),
        } - {secret}


def _values(part: object) -> Iterator[str]:
    """The texts of a request's attribute values: `x` of `{"S": "x"}`."""
    if isinstance(part, Mapping):
        for name, inner in cast("Mapping[object, object]", part).items():
            if isinstance(inner, str):
                if name in ("S", "N", "B"):
                    yield inner
            elif name in ("SS", "NS", "BS") and isinstance(inner, list | tuple | set | frozenset):
                members = cast("Iterable[object]", inner)
                yield from (each for each in members if isinstance(each, str))
            else:
                yield from _values(inner)
    elif isinstance(part, list | tuple):
        for inner in cast("Iterable[object]", part):
            yield from _values(inner)
