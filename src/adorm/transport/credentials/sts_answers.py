"""What STS answers, read with suspicion: credentials, or the error to raise.

https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from adorm.errors import (
    AccessDenied,
    Code,
    ConnectionFailed,
    ServiceError,
    Throttled,
    ValidationFailed,
    code_of,
)
from adorm.support.shown import shown
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.credentials.xml_leaves import UnreadableXml, leaves_of
from adorm.transport.redaction import without_secrets
from adorm.transport.wire.http import Response

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
"""What STS says in other words than DynamoDB."""


def assumed(response: Response, role_arn: str) -> Credentials:
    """The credentials in an AssumeRoleResponse.

    Raises:
        ConnectionFailed: they are not in it, or can't be used. Nothing of the answer is shown: it
            holds secrets.
    """
    try:
        leaves = leaves_of(response.body)
        prefix = "AssumeRoleResponse/AssumeRoleResult/Credentials/"
        key_id, secret, token = (
            leaves[prefix + name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
        )
        moment = datetime.fromisoformat(leaves[f"{prefix}Expiration"])
        return Credentials(
            key_id,
            secret,
            token,
            moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC),
        )
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
    """The error for an answer of any status but 200.

    `secrets` are cut out: STS repeats the request it got, token included, where a signature does
    not fit.
    """
    status = response.status
    if status < 400:
        problem = f"{url} is not the endpoint of STS: HTTP {status}. adorm follows no redirect: correct the region or sts_endpoint_url"
        return ConnectionFailed(problem, maybe_applied=False, operation=OPERATION)
    try:
        leaves = leaves_of(response.body)
    except UnreadableXml:
        leaves = {}
    code = leaves.get("ErrorResponse/Error/Code") or f"Status{status}"
    message = leaves.get("ErrorResponse/Error/Message") or "an answer that is not one of STS's"
    told = f"{role_arn}: {_without(secrets, message)}"
    row = STS_CODES.get(code) or code_of(code, status)
    if row.error is ServiceError and status == 403:
        row = Code(AccessDenied, row.treatment)
    if row.treatment == "transient":
        # Not a ServiceError: of a write that waits for these credentials, nothing can have been
        # applied.
        return ConnectionFailed(
            f"STS failed: HTTP {status} {_without(secrets, code)}: {told}",
            maybe_applied=False,
            operation=OPERATION,
        )
    return row.error(
        told,
        code=_without(secrets, code),
        operation=OPERATION,
        status=status,
        request_id=shown(leaves.get("ErrorResponse/RequestId") or "") or None,
        retryable=row.treatment != "no",
    )


def _without(secrets: Iterable[str | None], text: str) -> str:
    return shown(without_secrets(" ".join(text.split()), secrets), SHOWN_CHARACTERS)
