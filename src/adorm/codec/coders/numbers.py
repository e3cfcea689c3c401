"""Numbers as DynamoDB keeps them: 38 significant digits, magnitudes from 1E-130 to 9.99...E+125.

Functions that write raise `EncodeFailure` for a value of another type or one that DynamoDB can't
hold; functions that read raise `ValueError`.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from adorm.codec.failures import EncodeFailure, ValueFailure, brief, wrong
from adorm.dynamodb.limits import MAX_NUMBER_DIGITS, MAX_NUMBER_EXPONENT, MIN_NUMBER_EXPONENT

_MICROSECOND = timedelta(microseconds=1)

_FIRST_WITH_MORE_DIGITS = 10**MAX_NUMBER_DIGITS
_FIRST_TOO_LARGE = 10 ** (MAX_NUMBER_EXPONENT + 1)


def int_text(value: object) -> str:
    """An int as DynamoDB's number text."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong("a whole number", value)
    if -_FIRST_WITH_MORE_DIGITS < value < _FIRST_WITH_MORE_DIGITS:
        return int.__repr__(value)
    if abs(value) >= _FIRST_TOO_LARGE:
        raise ValueFailure("a number above 9.99E+125, which DynamoDB can't hold")
    text = int.__repr__(value)
    _check_digits(len(text.lstrip("-").rstrip("0")))
    return text


def decimal_text(value: object) -> str:
    """A Decimal or int as DynamoDB's number text; every digit is kept.

    A float is refused, as it is rarely the decimal number that was meant.
    """
    if not isinstance(value, Decimal):
        if type(value) is float:
            raise EncodeFailure(
                f"expected a Decimal, got the float {value!r}: say which digits are meant, as in "
                f"Decimal('{value!r}')"
            )
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong("a Decimal", value)
        return int_text(value)
    text = Decimal.__str__(value)
    if (
        len(text) <= MAX_NUMBER_DIGITS
        and value.is_finite()
        and MIN_NUMBER_EXPONENT <= value.adjusted() <= MAX_NUMBER_EXPONENT
    ):
        return text
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueFailure(f"{value} is no number that DynamoDB can hold")
    if not value:
        return "0"
    if len(digits) > MAX_NUMBER_DIGITS:
        kept = "".join(map(str, digits)).rstrip("0")
        _check_digits(len(kept))
        exponent += len(digits) - len(kept)
        text = f"{'-' if value < 0 else ''}{kept}E{exponent}"
    _check_exponent(value.adjusted(), value)
    return text


def float_text(value: object) -> str:
    """The shortest text that reads back as the same float."""
    number = _as_float(value)
    if not number:
        return "0"
    if not 1e-130 <= abs(number) < 1e126:
        _check_exponent(Decimal(float.__repr__(number)).adjusted(), number)
    return float.__repr__(number)


def timedelta_text(value: object) -> str:
    """Exact seconds, down to the microsecond: `90.000001`."""
    if not isinstance(value, timedelta):
        raise wrong("a timedelta", value)
    # by timedelta's own method: subclasses count in other ways, pendulum's in years and months
    total = timedelta.__floordiv__(value, _MICROSECOND)
    seconds, microseconds = divmod(abs(total), 1_000_000)
    fraction = f".{microseconds:06d}".rstrip("0") if microseconds else ""
    return f"{'-' if total < 0 else ''}{seconds}{fraction}"


def json_int_text(value: object) -> str:
    """An int for a JSON field, where DynamoDB's limits do not hold."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong("a whole number", value)
    try:
        return int.__repr__(value)
    except ValueError as error:  # more digits than Python turns into text
        raise ValueFailure(str(error)) from error


def json_decimal_text(value: object) -> str:
    """A Decimal or int for a JSON field."""
    if isinstance(value, Decimal) and value.is_finite():
        return Decimal.__str__(value)
    return decimal_text(value) if isinstance(value, (float, Decimal)) else json_int_text(value)


def json_float_text(value: object) -> str:
    """A float for a JSON field."""
    return float.__repr__(_as_float(value))


def whole_number(text: str) -> int:
    """`5`, `5.0` and `5E+2`."""
    try:
        return int(text)
    except ValueError:
        number = decimal_number(text)
        if number.adjusted() > 400 or number != number.to_integral_value():
            raise ValueError(text) from None
        return int(number)


def decimal_number(text: str) -> Decimal:
    """Any number, exactly."""
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not number.is_finite():
        raise ValueError(text)
    return number


def float_number(text: str) -> float:
    """The nearest float."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def untyped_number(text: str) -> int | Decimal:
    """An int where it is whole, else a Decimal."""
    try:
        return int(text)
    except ValueError:
        number = decimal_number(text)
        if number.adjusted() <= MAX_NUMBER_EXPONENT and number == number.to_integral_value():
            return int(number)
        return number


def untyped_json_number(text: str) -> float | Decimal:
    """A float where one is equal to the number, else a Decimal, so that no digit is lost."""
    number = float(text)
    exact = Decimal(text)
    return number if math.isfinite(number) and Decimal(repr(number)) == exact else exact


_MARKED = re.compile(r"-?[0-9]+E-?[0-9]+").fullmatch
"""Whether a number of untyped JSON was a Decimal: it has a large E, and neither a point nor a plus.
Python writes floats with a small e, others with a point or a plus."""


def untyped_json_decimal_text(value: object) -> str:
    """A Decimal for untyped JSON: a number that reads back as this Decimal.

    `1.5` would read back as a float, so `Decimal("1.5")` is written `15E-1`. A Decimal that equals
    no float is written as it is.
    """
    text = json_decimal_text(value)
    if not isinstance(value, Decimal):
        return text
    known = untyped_json_value(text) if not _is_whole(text) else None
    if isinstance(known, Decimal) and known.as_tuple() == value.as_tuple():
        return text
    sign, digits, exponent = value.as_tuple()
    return f"{'-' if sign else ''}{''.join(map(str, digits))}E{exponent}"


def untyped_json_value(text: str) -> float | Decimal:
    """A number of untyped JSON that is no int.

    It is a Decimal where `untyped_json_decimal_text` wrote it so, else what `untyped_json_number`
    gives.
    """
    return Decimal(text) if _MARKED(text) else untyped_json_number(text)


def _is_whole(text: str) -> bool:
    return text.lstrip("-").isdigit()


def timedelta_number(text: str) -> timedelta:
    """Exact seconds."""
    number = decimal_number(text)
    if number and not -20 <= number.adjusted() <= 20:
        raise ValueError(text)
    numerator, denominator = number.as_integer_ratio()
    microseconds, rest = divmod(numerator * 1_000_000, denominator)
    if rest:
        raise ValueError(text)
    try:
        return timedelta(
            days=microseconds // 86_400_000_000, microseconds=microseconds % 86_400_000_000
        )
    except OverflowError as error:
        raise ValueError(text) from error


def _as_float(value: object) -> float:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueFailure(f"{float.__repr__(value)} is no number that DynamoDB can hold")
        return value
    if isinstance(value, Decimal):
        raise EncodeFailure(
            f"expected a float, got the Decimal {brief(value)}: convert it with float(), or "
            "annotate the field as Decimal"
        )
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong("a float", value)
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueFailure(
            "an int above what a float can hold: annotate the field as int"
        ) from error
    if number != value:
        raise ValueFailure(
            f"a float can't hold the int {brief(value)} exactly: annotate the field as int or "
            "Decimal"
        )
    return number


def _check_digits(count: int) -> None:
    if count > MAX_NUMBER_DIGITS:
        raise ValueFailure(
            f"{count} digits, and DynamoDB keeps {MAX_NUMBER_DIGITS}: round it first"
        )


def _check_exponent(exponent: int, value: object) -> None:
    if exponent > MAX_NUMBER_EXPONENT:
        raise ValueFailure(f"{brief(value)} is above 9.99E+125, which DynamoDB can't hold")
    if exponent < MIN_NUMBER_EXPONENT:
        raise ValueFailure(
            f"{brief(value)} is closer to zero than 1E-130, which DynamoDB can't hold"
        )
