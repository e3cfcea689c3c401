"""The age of a call's idempotency token: DynamoDB forgets a token after ten minutes."""

from __future__ import annotations

from adorm.clock import Clock
from adorm.dynamodb.limits import TOKEN_LIFE_S
from adorm.errors import UsageError

TOKEN = "ClientRequestToken"  # noqa: S105  # a parameter's name

TOKEN_USE_S = 540.0
"""So many seconds after the first attempt a request is still sent again under its token: a minute
less than DynamoDB keeps it, for the way."""

TOO_OLD = (
    f"its token is older than {TOKEN_USE_S / 60:g} minutes, and DynamoDB forgets one after "
    f"{TOKEN_LIFE_S / 60:g}: sent again it could be applied a second time"
)


class TokenAge:
    """The time since the first attempt under a token.

    It is measured by the time of day, since a monotonic clock stands still in a suspended machine,
    and by the monotonic clock too, since the time of day may be set back: the longer of the two
    counts.
    """

    __slots__ = ("_clock", "_started_at", "_started_s")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started_at, self._started_s = clock.now(), clock.monotonic()

    def is_known(self, wait_s: float = 0.0) -> bool:
        """Whether DynamoDB certainly still knows the token in `wait_s` seconds."""
        age_s = max(
            (self._clock.now() - self._started_at).total_seconds(),
            self._clock.monotonic() - self._started_s,
        )
        return age_s + wait_s < TOKEN_USE_S

    def check(self) -> None:
        """Refuse an attempt under a token that DynamoDB may have forgotten.

        Raises:
            UsageError: it is too old.
        """
        if not self.is_known():
            raise UsageError(TOO_OLD)
