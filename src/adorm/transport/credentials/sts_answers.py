"""From an answer of STS to credentials, or to the error to raise.

The server may not be STS at all, so every part of an answer is checked.

https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adorm.dynamodb.codes import Code, code_of
from adorm.errors import AccessDenied, ConnectionFailed, ServiceError, Throttled, ValidationFailed
from adorm.support.printable_text import shown
from adorm.transport.credentials.credentials import Credentials, utc_datetime
from adorm.transport.credentials.xml_leaves import UnreadableXml, leaves_of
from adorm.transport.errors import error_for
from adorm.transport.redaction import without_secrets
from adorm.transport.wire.answer_parser import Response

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
