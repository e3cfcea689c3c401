"""The ends of ranges on parts of fixed width: the first and the last value that is in the range.

`> 5` is `>= 6` of whole numbers, and `> 2026-01-01` is `>= 2026-01-02` of dates. Values have the
form in which they are stored.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from types import EllipsisType

from adorm.schema.key_texts import Part

_DAY = date(2000, 1, 1)


def inclusive_content(
    part: Part, content: str, is_strict: bool, *, is_lower: bool
) -> str | EllipsisType | None:
    """The end of a range that the part can have and that is in the range itself.

    Args:
        content: what an end is stored as, such as "5".
        is_strict: whether the end itself is not in the range.
        is_lower: whether it is the lower end.

    Returns:
        `...` where every value of the part is on this side of the end, None where none is.
    """
    direction = 1 if is_lower else -1
    if part.tag == "N":
        return _number(part, Decimal(content), is_strict, direction)
    if not is_strict:
        return content
    try:
        if part.type == "datetime":
            moment = datetime.fromisoformat(content[:26]) + direction * timedelta.resolution
            return moment.isoformat("T", "microseconds") + content[26:]
        if part.type == "date":
            return (date.fromisoformat(content) + timedelta(days=direction)).isoformat()
    except OverflowError:
        return None
    if part.type == "time":
        return _time(content, direction)
    return _uuid(content, direction)


def _number(
    part: Part, number: Decimal, is_strict: bool, direction: int
) -> str | EllipsisType | None:
    """A whole number from 0 to as many nines as the width has; of a time without a width, any."""
    rounding = ROUND_CEILING if direction > 0 else ROUND_FLOOR
    whole = int(number.to_integral_value(rounding))
    if is_strict and whole == number:
        whole += direction
    if part.kind not in ("fixed", "countdown"):
        return str(whole)
    most = 10**part.width - 1
    if not 0 <= whole <= most:
        is_beyond = whole > most if direction > 0 else whole < 0
        return None if is_beyond else ...
    return str(whole)


def _time(content: str, direction: int) -> str | None:
    moment = datetime.fromisoformat(f"{_DAY.isoformat()}T{content}").replace(tzinfo=UTC)
    moment += direction * timedelta.resolution
    return moment.time().isoformat("microseconds") if moment.date() == _DAY else None


def _uuid(content: str, direction: int) -> str | None:
    from uuid import UUID  # slow to load, and loaded where a field is one

    number = UUID(content).int + direction
    return str(UUID(int=number)) if 0 <= number < 1 << 128 else None
