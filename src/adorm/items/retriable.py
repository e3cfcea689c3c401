"""`Retriable`: an operation with a retry policy. Reads by key, which a cold start loads, have their
own."""

from __future__ import annotations

from typing import Self, TypeVar

import attrs

from adorm.items.operation import Operation
from adorm.retry import RetryPolicy

ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class Retriable(Operation[ResultT]):
    """An operation that can have a retry policy of its own."""

    _retry: RetryPolicy | None = attrs.field(default=None, kw_only=True, alias="retry")

    def retry(self, policy: RetryPolicy, /) -> Self:
        """Retry by this policy instead of the database's."""
        return attrs.evolve(self, retry=policy)
