"""`Record`: the constructor that a class gets from its annotations."""

from __future__ import annotations

import pickle
from typing import Any, ClassVar

import pytest

from adorm.support.records import Record


class Price(Record):
    """A record with a default, and with a variable of the class that is no field."""

    currency: ClassVar[str] = "EUR"

    amount: int
    unit: str = "piece"
    note: str | None = None


def test_values_are_given_by_position_or_by_name_and_defaults_fill_in_the_rest() -> None:
    assert Price(5) == Price(amount=5) == Price(5, "piece", None)
    assert Price(5, note="sale") == Price(5, "piece", "sale")
    assert repr(Price(5)) == "Price(amount=5, unit='piece', note=None)"
    assert Price(5).currency == "EUR"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((), {"unit": "kg"}),
        ((5, "kg", None, "more"), {}),
        ((5,), {"amount": 6}),
        ((5,), {"colour": "red"}),
        ((5, "kg", None), {"note": "twice"}),
    ],
)
def test_wrong_arguments_are_refused_with_the_names_of_the_fields(
    values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match=r"Price\(\) takes amount, unit, note"):
        Price(*values, **named)


def test_a_record_has_slots_is_not_changed_and_can_be_pickled() -> None:
    price = Price(5)
    assert not hasattr(price, "__dict__")
    with pytest.raises(AttributeError, match="can't be changed"):
        setattr(price, "amount", 6)  # noqa: B010  # checkers refuse the assignment, too
    assert pickle.loads(pickle.dumps(price)) == price
    assert hash(price) == hash(Price(5))
