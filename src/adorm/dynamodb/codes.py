"""Which error code of DynamoDB becomes which class of error, and how a retry treats it: one table.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from adorm.errors import (
    AccessDenied,
    ConditionalCheckFailed,
    ResourceNotFound,
    ServiceError,
    Throttled,
    TransactionConflict,
    ValidationFailed,
)
from adorm.support.records import Record

Treatment = Literal["no", "transient", "throttle", "renew"]
"""How a retry treats an error code.

`"no"`: it is not retried. `"transient"`: the fault will pass; retried after a backoff.
`"throttle"`: DynamoDB asks to slow down; retried after a backoff. `"renew"`: retried once, without
a wait, after the clock was corrected or the credentials were fetched again.
"""


class Code(Record):
    """One row of `CODES`."""

    error: type[ServiceError]
    treatment: Treatment = "no"


CODES: Mapping[str, Code] = {
    "ConditionalCheckFailedException": Code(ConditionalCheckFailed),
    # TransactionCanceled takes its place where the reasons are known.
    "TransactionCanceledException": Code(ServiceError),
    "TransactionConflictException": Code(TransactionConflict, "transient"),
    "TransactionInProgressException": Code(TransactionConflict, "transient"),
    "IdempotentParameterMismatchException": Code(ValidationFailed),
    "ReplicatedWriteConflictException": Code(TransactionConflict, "transient"),
    "ProvisionedThroughputExceededException": Code(Throttled, "throttle"),
    "ThrottlingException": Code(Throttled, "throttle"),
    "Throttling": Code(Throttled, "throttle"),
    "RequestLimitExceeded": Code(Throttled, "throttle"),
    "TooManyRequestsException": Code(Throttled, "throttle"),
    "SlowDown": Code(Throttled, "throttle"),
    "LimitExceededException": Code(Throttled, "throttle"),
    "ItemCollectionSizeLimitExceededException": Code(ServiceError),
    "ResourceNotFoundException": Code(ResourceNotFound),
    "TableNotFoundException": Code(ResourceNotFound),
    "IndexNotFoundException": Code(ResourceNotFound),
    "BackupNotFoundException": Code(ResourceNotFound),
    "ResourceInUseException": Code(ServiceError),
    "ValidationException": Code(ValidationFailed),
    "SerializationException": Code(ValidationFailed),
    "AccessDeniedException": Code(AccessDenied),
    "UnrecognizedClientException": Code(AccessDenied),
    "InvalidClientTokenId": Code(AccessDenied),
    "IncompleteSignatureException": Code(AccessDenied),
    "MissingAuthenticationTokenException": Code(AccessDenied),
    "MissingAuthenticationToken": Code(AccessDenied),
    "ExpiredTokenException": Code(AccessDenied, "renew"),
    "ExpiredToken": Code(AccessDenied, "renew"),
    "InvalidSignatureException": Code(AccessDenied, "renew"),
    "SignatureDoesNotMatch": Code(AccessDenied, "renew"),
    "RequestExpired": Code(AccessDenied, "renew"),
    "RequestTimeTooSkewed": Code(AccessDenied, "renew"),
    "InternalServerError": Code(ServiceError, "transient"),
    "InternalFailure": Code(ServiceError, "transient"),
    "ServiceUnavailable": Code(ServiceError, "transient"),
    "ServiceUnavailableException": Code(ServiceError, "transient"),
}


CREDENTIALS_REFUSED = frozenset(
    {"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId"}
)
"""The codes for credentials that have expired or are unknown. Other credentials may be accepted."""


def code_of(code: str, status: int | None) -> Code:
    """The row of a code. For an unknown one the status decides: 429 throttles, 5xx is transient."""
    row = CODES.get(code)
    if row is not None:
        return row
    if status == 429:
        return Code(Throttled, "throttle")
    return Code(ServiceError, "transient" if status is not None and status >= 500 else "no")
