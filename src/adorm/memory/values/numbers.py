"""Internal: DynamoDB's numbers, which are decimal, exact and limited in range.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, InvalidOperation

from adorm.memory.errors import BadValue, invalid
from adorm.memory.limits import MAX_NUMBER_DIGITS, MAX_NUMBER_EXPONENT, MIN_NUMBER_EXPONENT

MAX_EXPONENT_DIGITS = 19
"""The most digits of an exponent, which has 64 bits. A text with more is not a number."""

_PLAIN = re.compile(r"-?[1-9][0-9]{0,37}|0").fullmatch
"""Whole numbers that already have the form in which DynamoDB returns them."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?").fullmatch
WIDE = Context(prec=400, Emax=999999, Emin=-999999)
"""A decimal context that is wide enough for the exact sum of any two numbers."""


_OVERFLOW = (
    "Number overflow. Attempting to store a number with magnitude larger than supported range"
)


class TooManyDigits(BadValue):
    """A number with more than 38 significant digits."""


def canonical_number(text: str) -> str:
    """The form in which DynamoDB stores a number: `"+01.50"` is `"1.5"`, `"1E3"` is `"1000"`.

    Raises:
        EngineError: the text is not a number, has more than 38 significant digits, or is out of
            range.
    """
    if _PLAIN(text):
        return text
    return number_text(parse_number(text))


def parse_number(text: str) -> Decimal:
    """Check the text of a number and return its value.

    Raises:
        EngineError: as `canonical_number`.
    """
    if not _NUMBER(text):
        raise _unconvertible(text)
    mantissa, _, exponent = text.lower().partition("e")
    if len(exponent.lstrip("+-0")) > MAX_EXPONENT_DIGITS:
        raise _unconvertible(text)
    try:
        number = Decimal(text)
    except InvalidOperation as error:  # its exponent has 19 digits
        raise (_underflow() if exponent.startswith("-") else _overflow()) from error
    if not number:
        _check_zero(mantissa, exponent)
    return check_number(number)


def _check_zero(mantissa: str, exponent: str) -> None:
    """Refuse a zero whose last digit would be out of range if it were a one: `0e126`, `0.0e-130`.

    The service does so, as ScyllaDB's tests of numbers show.

    Raises:
        EngineError: that digit would be out of range.
    """
    sign, digits = exponent[:1].strip("0123456789"), exponent.lstrip("+-0")
    last = int(f"{sign}{digits or 0}") - len(mantissa.partition(".")[2])
    if last > MAX_NUMBER_EXPONENT:
        raise _overflow()
    if last < MIN_NUMBER_EXPONENT:
        raise _underflow()


def check_number(number: Decimal) -> Decimal:
    """Refuse a number that DynamoDB can't hold.

    Raises:
        EngineError: the number is out of range, or has more than 38 significant digits.
    """
    if not number:
        return Decimal(0)
    digits = number.as_tuple().digits
    if len(digits) > MAX_NUMBER_DIGITS and any(digits[MAX_NUMBER_DIGITS:]):
        raise TooManyDigits("Attempting to store more than 38 significant digits in a Number")
    if number.adjusted() > MAX_NUMBER_EXPONENT:
        raise _overflow()
    if number.adjusted() < MIN_NUMBER_EXPONENT:
        raise _underflow()
    return number


def number_text(number: Decimal) -> str:
    """A number as DynamoDB returns it: all digits, no exponent, no trailing zero in a fraction."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def add_numbers(left: str, right: str) -> str:
    """The exact sum of two numbers.

    Raises:
        EngineError: the sum is out of range or has more than 38 significant digits. The service
            calls both an overflow, as ScyllaDB's tests of numbers show.
    """
    return _result(WIDE.add(Decimal(left), Decimal(right)))


def subtract_numbers(left: str, right: str) -> str:
    """The exact difference of two numbers; see `add_numbers`."""
    return _result(WIDE.subtract(Decimal(left), Decimal(right)))


def _result(number: Decimal) -> str:
    """The text of the result of an addition. Its refusal never has the envelope."""
    try:
        return number_text(check_number(number))
    except TooManyDigits as error:
        raise invalid(_OVERFLOW) from error
    except BadValue as error:
        raise invalid(error.message) from error


def _unconvertible(text: str) -> BadValue:
    message = "The parameter cannot be converted to a numeric value"
    return BadValue(f"{message}: {text}" if text else message, newer=f"{message}: {text}")


def _overflow() -> BadValue:
    return BadValue(_OVERFLOW)


def _underflow() -> BadValue:
    return BadValue(
        "Number underflow. Attempting to store a number with magnitude smaller than supported range"
    )
