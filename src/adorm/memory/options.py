"""Internal: the checked options of an engine."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import attrs

from adorm.memory.errors import Wording
from adorm.memory.shapes.json_scalars import is_list


@attrs.frozen(kw_only=True)
class EngineOptions:
    """The options of an `Engine`, checked; `Engine` describes each of them.

    Raises:
        ValueError: an option has a value that it can't have.
    """

    wording: Wording = "new"
    now: Callable[[], float] = time.time
    table_delay_s: float | None = None
    throttle_above: tuple[float, float] | None = None
    stream_shards: int = 1

    def __attrs_post_init__(self) -> None:
        wording: object = self.wording
        shards: object = self.stream_shards
        if wording not in ("new", "old"):
            raise ValueError(f'wording must be "new" or "old", not {wording!r}')
        if self.table_delay_s is not None and not _is_amount(self.table_delay_s):
            raise ValueError(
                "table_delay_s must be a number of seconds, 0 or more, or None, not"
                f" {self.table_delay_s!r}"
            )
        if type(shards) is not int or shards < 1:
            raise ValueError(f"stream_shards must be a whole number, 1 or more, not {shards!r}")
        if self.throttle_above is not None and not _are_two_amounts(self.throttle_above):
            raise ValueError(
                "throttle_above must be two numbers, read and write units a second, each 0 or more,"
                f" or None, not {self.throttle_above!r}"
            )

    @property
    def delay_s(self) -> float:
        """Seconds for which a table stays CREATING, UPDATING or DELETING."""
        return 0.0 if self.table_delay_s is None else self.table_delay_s

    @property
    def is_active_at_once(self) -> bool:
        """Whether the answer of CreateTable already says ACTIVE."""
        return self.table_delay_s is None


def _is_amount(value: object) -> bool:
    """Whether a value is a number, finite and 0 or more."""
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
    )


def _are_two_amounts(value: Any) -> bool:
    return is_list(value) and len(value) == 2 and all(map(_is_amount, value))


_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[A-Za-z0-9._-]+")


def check_account(account: object) -> None:
    """Refuse an account id that is not twelve digits.

    Raises:
        ValueError: the account is not twelve digits.
    """
    if not isinstance(account, str) or not _ACCOUNT.fullmatch(account):
        raise ValueError(f"an account must be text of twelve digits, not {account!r}")


def check_region(region: object) -> None:
    """Refuse a region that is not a name.

    Raises:
        ValueError: the region is not text, is empty, or has characters that an ARN can't have
            there.
    """
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        raise ValueError(f"a region must be text such as 'eu-central-1', not {region!r}")
