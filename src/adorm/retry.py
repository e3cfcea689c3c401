"""Which failed attempts are repeated, after which wait, and when a database stops retrying.

Pure functions and plain values: nothing here waits or sends.
"""

from __future__ import annotations

from adorm.checks import count, seconds, share
from adorm.dynamodb.codes import CREDENTIALS_REFUSED, Treatment, code_of
from adorm.dynamodb.operations import Repeat, operation_of
from adorm.errors import ConnectionFailed, ServiceError, Throttled
from adorm.support.buckets import Bucket
from adorm.support.records import Record
from adorm.transport.base import Request


class RetryPolicy(Record):
    """How often a call is attempted and how long it waits in between.

    The wait before attempt n + 1 is drawn from 0 to `base_delay_s` * 2^(n - 1), never above
    `max_delay_s`: by default up to 0.05, 0.1, 0.2 and 0.4 s. DynamoDB answers in milliseconds, so a
    first retry soon is cheap, and full jitter keeps the tasks of many processes from coming back
    together. See
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html#Programming.Errors.RetryAndBackoff

    Raises:
        UsageError: a parameter is out of its range; the message names it.
    """

    max_attempts: int
    """The first attempt counts; 1 means no retry."""
    base_delay_s: float
    """The upper end of the first wait."""
    max_delay_s: float
    """No wait is longer, not even when the server asks for more."""
    jitter: float
    """The share of a wait that is random: 1.0 draws from 0 to the whole, 0.0 always waits the
    whole."""

    def __init__(
        self,
        *,
        max_attempts: int = 5,
        base_delay_s: float = 0.05,
        max_delay_s: float = 2.0,
        jitter: float = 1.0,
    ) -> None:
        count("RetryPolicy(max_attempts=...)", max_attempts)
        seconds("RetryPolicy(base_delay_s=...)", base_delay_s, zero=True)
        seconds("RetryPolicy(max_delay_s=...)", max_delay_s, zero=True)
        share("RetryPolicy(jitter=...)", jitter, ends=True)
        self._hold(max_attempts, base_delay_s, max_delay_s, jitter)


DEFAULT_RETRY = RetryPolicy()


def unit_random() -> float:
    """A random number from 0 to 1. `random` takes 1 ms to import, so the first wait imports it."""
    from random import random

    return random()  # noqa: S311  # jitter is no secret


def backoff(attempt: int, policy: RetryPolicy, unit: float) -> float:
    """Seconds to wait after the failed `attempt`.

    Args:
        attempt: 1 for the first.
        unit: a random number from 0 to 1.
    """
    # 2^64 times any delay is above any cap, and a float can still hold it.
    doublings = min(attempt - 1, 64)
    ceiling: float = min(policy.max_delay_s, policy.base_delay_s * 2.0**doublings)
    return ceiling * (1.0 - policy.jitter + policy.jitter * unit)


def delay_after(
    attempt: int, error: ServiceError | ConnectionFailed, policy: RetryPolicy, unit: float
) -> float:
    """Seconds to wait after `error`: the backoff, or the server's hint where that is longer.

    Never more than `policy.max_delay_s`.
    """
    delay_s = backoff(attempt, policy, unit)
    hint_s = error.retry_after_s if isinstance(error, ServiceError) else None
    if hint_s is not None and hint_s > delay_s:
        return min(hint_s, policy.max_delay_s)
    return delay_s


def treatment_of(error: ServiceError | ConnectionFailed) -> Treatment:
    """How a retry treats an error, by the table in `adorm.dynamodb.codes`.

    It does not say whether a write may be sent again: see `is_ambiguous`.
    """
    if isinstance(error, ConnectionFailed):
        return "transient"
    if not error.retryable:
        return "no"
    treatment = code_of(error.code, error.status).treatment
    return "transient" if treatment == "no" else treatment


def renewed_by(error: ServiceError | ConnectionFailed) -> str:
    """What a transport renews after an error of treatment "renew": "credentials" or "clock".

    Each gives a call one more attempt; a call may need both.
    """
    refused = isinstance(error, ServiceError) and error.code in CREDENTIALS_REFUSED
    return "credentials" if refused else "clock"


def is_ambiguous(error: ServiceError | ConnectionFailed) -> bool:
    """Whether a write that failed with this error may have been applied.

    True after a lost answer, a fault inside DynamoDB, and for a transaction that is still in
    progress under the same token. False after throttles, conflicts, failed conditions and refused
    requests.
    """
    if error.maybe_applied or isinstance(error, ConnectionFailed):
        return error.maybe_applied  # a given client may have sent it twice
    if error.code == "TransactionInProgressException":
        return True
    if isinstance(error, Throttled):
        return False
    if error.status is not None:
        return error.status >= 500
    row = code_of(error.code, None)  # a given client may tell only the code
    return row.treatment == "transient" and row.error is ServiceError


def repeat_of(operation: str, request: Request, asked: Repeat | None = None) -> Repeat:
    """What may follow an ambiguous failure of this request.

    A reading operation is always `"read"`: it can't have applied anything. Else `asked` counts,
    which the caller gave, and without it the table of operations, where a request with an
    idempotency token is `"safe"`.
    """
    usual = operation_of(operation).repeat
    if usual == "read" or asked is None:
        return "safe" if usual == "never" and request.get("ClientRequestToken") else usual
    return asked


QUOTA_TOKENS = 500
RETRY_COST = 5
CONNECTION_RETRY_COST = 10


class RetryQuota(Bucket):
    """How many retries one database may still make: a bucket of 500 tokens for all its calls.

    A retry takes 5 tokens, after a failed connection 10. A retry that succeeds gives its tokens
    back; a call that needs no retry gives 1. While DynamoDB is down the bucket empties, and calls
    fail at their first error instead of multiplying the load. The figures are those of the AWS
    SDKs' standard mode:
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    """

    __slots__ = ()

    def __init__(self, capacity: int = QUOTA_TOKENS) -> None:
        super().__init__(capacity)


def retry_cost(error: ServiceError | ConnectionFailed) -> int:
    """Tokens of the quota that a retry after `error` takes."""
    return CONNECTION_RETRY_COST if isinstance(error, ConnectionFailed) else RETRY_COST
