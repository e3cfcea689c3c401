"""Numbers are stored exactly, in one form, within the range of the service."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from adorm.memory.errors import EngineError
from adorm.memory.values.numbers import add_numbers, canonical_number, number_text, subtract_numbers


def number(digits: int, exponent: int) -> Decimal:
    return Decimal(digits).scaleb(exponent)


numbers = st.builds(number, st.integers(-(10**38) + 1, 10**38 - 1), st.integers(-100, 80))


@pytest.mark.parametrize(
    ("given_text", "stored"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0.0", "0"),
        ("0E+120", "0"),
        ("0e125", "0"),
        ("0.0e126", "0"),  # the last digit counts, as ScyllaDB's tests found on the service
        ("0e-130", "0"),
        ("+01.50", "1.5"),
        ("1e3", "1000"),
        ("1.0", "1"),
        ("100", "100"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1E-130", "0." + "0" * 129 + "1"),
        ("9.9999999999999999999999999999999999999E+125", "9" * 38 + "0" * 88),
        ("-12345678901234567890123456789012345678", "-12345678901234567890123456789012345678"),
        ("10000000000000000000000000000000000000000", "1" + "0" * 40),
    ],
)
def test_a_number_is_stored_in_one_form(given_text: str, stored: str) -> None:
    assert canonical_number(given_text) == stored


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The parameter cannot be converted to a numeric value"),
        ("abc", "The parameter cannot be converted to a numeric value: abc"),
        ("NaN", "The parameter cannot be converted to a numeric value: NaN"),
        ("Infinity", "The parameter cannot be converted to a numeric value: Infinity"),
        ("1_000", "The parameter cannot be converted to a numeric value: 1_000"),
        (" 1", "The parameter cannot be converted to a numeric value:  1"),
        ("1E", "The parameter cannot be converted to a numeric value: 1E"),
        ("\u0661", "The parameter cannot be converted to a numeric value: \u0661"),
        ("1E126", "Number overflow. "),
        ("-1E126", "Number overflow. "),
        ("0e126", "Number overflow. "),
        ("0e-131", "Number underflow. "),
        ("0.0e-130", "Number underflow. "),
        ("1e9999999999999999999", "Number overflow. "),
        ("1e-9999999999999999999", "Number underflow. "),
        ("0e9999999999999999999", "Number overflow. "),
        # An exponent of more than 64 bits, as dynoxide's authors saw in eu-west-2.
        (
            "1e99999999999999999999",
            "The parameter cannot be converted to a numeric value: 1e99999999999999999999",
        ),
        ("1E-131", "Number underflow. "),
        ("1" * 39, "Attempting to store more than 38 significant digits in a Number"),
        ("0." + "1" * 39, "Attempting to store more than 38 significant digits in a Number"),
    ],
)
def test_numbers_that_the_service_does_not_have_are_refused(text: str, message: str) -> None:
    with pytest.raises(EngineError) as refusal:
        canonical_number(text)
    assert refusal.value.code == "ValidationException"
    assert refusal.value.message.startswith(message)


@settings(deadline=None)
@given(numbers)
def test_the_stored_form_is_the_same_number_and_stays_as_it_is(number: Decimal) -> None:
    stored = canonical_number(str(number))
    assert Decimal(stored) == number
    assert canonical_number(stored) == stored
    assert number_text(number) == stored


@settings(deadline=None)
@given(st.integers(-(10**30), 10**30), st.integers(-(10**30), 10**30))
def test_sums_and_differences_are_exact(left: int, right: int) -> None:
    assert add_numbers(str(left), str(right)) == str(left + right)
    assert subtract_numbers(str(left), str(right)) == str(left - right)


def test_a_sum_with_too_many_digits_is_called_an_overflow() -> None:
    with pytest.raises(EngineError, match="Number overflow"):
        add_numbers("1E38", "0.1")
