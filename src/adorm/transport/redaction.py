"""What of a server's words may be shown: no secret of ours, and no value of the request.

Whoever answers may send back what it was sent: AWS where a signature or a parameter does not fit,
and proxies in their error pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from adorm.support.shown import shown

HIDDEN = "***"

SHORTEST_SECRET = 8
"""A shorter one is a word of everybody's, such as the `test` of a local DynamoDB.

Cut out, it would be seen in the gaps.
"""

SHORTEST_VALUE = 8
"""A shorter value is cut out only where it stands as one, in an attribute value."""

EMBEDDED_SECRET = 16
"""From this length on a secret is cut out inside of other letters too, where no chance puts it."""

LOOKED_AT = 16384
"""Characters of an answer."""

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
    """A server's words in one line, without secrets, without values of the request, and bounded."""
    text = " ".join(text[:LOOKED_AT].split())
    for pattern in (_VALUE_IN_JSON, _SET_IN_JSON, _VALUE_IN_WORDS, _NOT_NUMERIC):
        text = re.sub(pattern, rf"\1{HIDDEN}", text)
    start, end = text.find(_BEFORE_PARAMETER), text.rfind(_AFTER_PARAMETER)
    if 0 <= start < end:
        text = f"{text[: start + len(_BEFORE_PARAMETER)]}{HIDDEN}{text[end:]}"
    text = without_secrets(text, secrets)
    # Only those that are there, the longest first: one may be a part of another.
    found = {value for value in _values(request) if len(value) >= SHORTEST_VALUE and value in text}
    for value in sorted(found, key=len, reverse=True):
        text = _without(text, value)
    return shown(text, most)


def without_secrets(text: str, secrets: Iterable[str | None]) -> str:
    """The text without secrets of 8 characters or more, also as URLs, JSON and HTML write them."""
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
    """The texts of a request's attribute values: all that stand under a type's name."""
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
