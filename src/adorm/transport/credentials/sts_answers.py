"""From an answer of STS to credentials, or to the error to raise.

The server may not be STS at all, so every part of an answer is checked. Only the elements and texts
of its XML are read. A document with a document type is refused: without one it can't define
entities, which could grow without end or name files.

https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.parsers import expat

from adorm.dynamodb.codes import Code, code_of
from adorm.errors import AccessDenied, ConnectionFailed, ServiceError, Throttled, ValidationFailed
from adorm.support.printable_text import shown
from adorm.transport.credentials.credentials import Credentials, utc_datetime
from adorm.transport.errors import error_for
from adorm.transport.redaction import without_secrets
from adorm.transport.wire.answer_parser import Response

MAX_DEPTH = 16
MAX_BYTES = 256 * 1024


class UnreadableXml(ValueError):
    """It is not XML, or exceeds a limit."""


def leaves_of(document: bytes) -> dict[str, str]:
    """The text of each element by the path of local names: `{"ErrorResponse/Error/Code": "..."}`.

    White space around a text is removed. If a path occurs twice, the first text is given.

    Raises:
        UnreadableXml: it is not well formed, has a document type, is nested deeper than 16 or
            larger than 256 KiB.
    """
    if len(document) > MAX_BYTES:
        raise UnreadableXml("it is too large")
    parser = expat.ParserCreate("utf-8")
    reader = _Reader()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise UnreadableXml(f"not well formed: {expat.ErrorString(error.code)}") from None
    return reader.leaves


class _Reader:
    """Keeps the path of the current element, and the text in it so far."""

    def __init__(self) -> None:
        self.leaves: dict[str, str] = {}
        self._path: list[str] = []
        self._texts: list[list[str]] = []

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._path) == MAX_DEPTH:
            raise UnreadableXml("it is nested too deeply")
        self._path.append(name.rpartition(":")[2])
        self._texts.append([])

    def text(self, data: str) -> None:
        if self._texts:
            self._texts[-1].append(data)

    def end(self, _name: str) -> None:
        self.leaves.setdefault("/".join(self._path), "".join(self._texts.pop()).strip())
        self._path.pop()


def _refuse_doctype(
    _name: str, _system_id: str | None, _public_id: str | None, _has_internal_subset: bool
) -> None:
    raise UnreadableXml("it has a document type")


OPERATION = "AssumeRole"
SHOWN_CHARACTERS = 400

STS_CODES: Mapping[str, Code] = {
    "AccessDenied": Code(AccessDenied),
    "RegionDisabledException": Code(AccessDenied),
    "InvalidAccessKeyId": Code(AccessDenied),
    "OptInRequired": Code(AccessDenied),
    "NotAuthorized": Code(AccessDenied),
    "IncompleteSignature": Code(AccessDenied),
    "ValidationError": Code(ValidationFailed),
    "ThrottledException": Code(Throttled, "throttle"),
}
"""Codes that STS has and DynamoDB has not."""


def assumed(response: Response, role_arn: str) -> Credentials:
    """The credentials in an AssumeRoleResponse.

    Raises:
        ConnectionFailed: they are not in it, or can't be used. The message shows nothing of the
            answer, which holds secrets.
    """
    try:
        leaves = leaves_of(response.body)
        prefix = "AssumeRoleResponse/AssumeRoleResult/Credentials/"
        key_id, secret, token = (
            leaves[prefix + name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
        )
        return Credentials(key_id, secret, token, utc_datetime(leaves[f"{prefix}Expiration"]))
    except KeyError as error:
        problem = f"it has no {error.args[0]}"
    except UnreadableXml as error:
        problem = f"XML that can't be read: {error}"
    except ValueError:
        problem = "values that can't be used"
    raise ConnectionFailed(
        f"STS answered for {role_arn} without credentials: {problem}",
        maybe_applied=False,
        operation=OPERATION,
    )


def sts_error(
    response: Response, role_arn: str, url: str, secrets: Iterable[str | None]
) -> ServiceError | ConnectionFailed:
    """The error for an answer with another status than 200.

    Args:
        secrets: what is cut out of the message. If a signature does not fit, STS sends back the
            request, session token included.
    """
    status = response.status
    if status < 400:
        problem = (
            f"{url} is not the endpoint of STS: it answered HTTP {status}. adorm follows no "
            "redirect: correct the region or sts_endpoint_url"
        )
        return ConnectionFailed(problem, maybe_applied=False, operation=OPERATION)
    try:
        leaves = leaves_of(response.body)
    except UnreadableXml:
        leaves = {}
    code = leaves.get("ErrorResponse/Error/Code") or f"Status{status}"
    message = leaves.get("ErrorResponse/Error/Message") or "an answer that is not one of STS's"
    text = f"{role_arn}: {_without(secrets, message)}"
    row = STS_CODES.get(code) or code_of(code, status)
    if row.error is ServiceError and status == 403:
        row = Code(AccessDenied, row.treatment)
    if row.treatment == "transient":
        # Not a ServiceError, since after one of these a write counts as maybe applied; but a write
        # that waits for credentials was never sent.
        return ConnectionFailed(
            f"STS failed: HTTP {status} {_without(secrets, code)}: {text}",
            maybe_applied=False,
            operation=OPERATION,
        )
    return error_for(
        row,
        _without(secrets, code),
        text,
        operation=OPERATION,
        status=status,
        request_id=shown(leaves.get("ErrorResponse/RequestId") or "") or None,
    )


def _without(secrets: Iterable[str | None], text: str) -> str:
    return shown(without_secrets(" ".join(text.split()), secrets), SHOWN_CHARACTERS)
