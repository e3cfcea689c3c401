"""Whether an item's ttl has passed. DynamoDB deletes such an item within a few days only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adorm.clock import current_clock
from adorm.errors import UsageError
from adorm.models import model_info


def is_expired(
    item: object, /, *, at: datetime | None = None, model: type[Any] | None = None
) -> bool:
    """Whether the item's ttl has passed; False where it has none.

    Args:
        at: the time to compare with; default now.
        model: the result of `map_class`, for an instance of a class that was mapped by it.

    Raises:
        UsageError: its class is no model or has no ttl field, or it is no instance of `model`.
    """
    info = model_info(type(item) if model is None else model)
    if model is not None:
        info.check_instance(item)
    if info.ttl is None:
        raise UsageError(f"{info.name} has no ttl field: add one with adorm.ttl()")
    expires_at: Any = getattr(item, info.ttl.name)
    if expires_at is None:
        return False
    now = at or current_clock().now()
    seconds = expires_at.timestamp() if isinstance(expires_at, datetime) else expires_at
    return int(seconds) <= int(now.timestamp())  # DynamoDB compares whole seconds
