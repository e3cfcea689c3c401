"""Users' own types, by cattrs hooks on one codec."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# (`factory=list` and `set()` are of Unknown to it)

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NewType
from uuid import UUID

import attrs
import pytest

from adorm.codec.codec import Codec
from adorm.codec.failures import DecodeFailure
from adorm.errors import ItemDecodeError, ModelError, UsageError
from adorm.items.maps import from_attribute_map, to_attribute_map
from tests.codec.samples import Address, Box, Line, Node, Status, marked

Token = NewType("Token", str)


class Money:
    def __init__(self, amount: Decimal, currency: str = "EUR") -> None:
        self.amount = amount
        self.currency = currency

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and (self.amount, self.currency) == (
            other.amount,
            other.currency,
        )

    def __hash__(self) -> int:
        return hash((self.amount, self.currency))


def write_money(money: Money) -> dict[str, Any]:
    return {"S": f"{money.amount} {money.currency}"}


def read_money(attribute_value: dict[str, Any], _: object) -> Money:
    amount, currency = attribute_value["S"].split()
    return Money(Decimal(amount), currency)


@attrs.define
class Account:
    balance: Money
    limit: Money | None = None
    history: list[Money] = attrs.field(factory=list)
    named: dict[str, Money] = attrs.field(factory=dict)
    by_money: dict[Money, int] = attrs.field(factory=dict)
    unique: set[Money] = attrs.field(factory=set)
    anything: Any = None
    boxed: Box[Money] | None = None
    json: list[Money] = attrs.field(factory=list, metadata=marked(as_json=True))


wrong_account: Any = Account  # its fields get what checkers refuse
FIVE, SIX = Money(Decimal(5)), Money(Decimal("6.50"), "USD")


def money_codec() -> Codec:
    codec = Codec()
    codec.converter.register_unstructure_hook(Money, write_money)
    codec.converter.register_structure_hook(Money, read_money)
    return codec


def test_a_hook_serves_fields_containers_keys_unions_with_none_and_untyped_places() -> None:
    codec = money_codec()
    account = Account(FIVE, SIX, [FIVE], {"a": SIX}, {FIVE: 1}, {FIVE, SIX}, None, Box(SIX), [FIVE])
    stored = codec.encode(account)
    assert stored == {
        "balance": {"S": "5 EUR"},
        "limit": {"S": "6.50 USD"},
        "history": {"L": [{"S": "5 EUR"}]},
        "named": {"M": {"a": {"S": "6.50 USD"}}},
        "by_money": {"M": {"5 EUR": {"N": "1"}}},
        "unique": {"SS": ["5 EUR", "6.50 USD"]},
        "boxed": {"M": {"content": {"S": "6.50 USD"}, "more": {"L": []}}},
        "json": {"S": '["5 EUR"]'},
    }
    assert codec.decode(Account, stored) == account
    assert codec.encode(Account(FIVE))["balance"] == {"S": "5 EUR"}
    assert "limit" not in codec.encode(Account(FIVE))
    assert codec.encode(Account(FIVE, anything=[FIVE]))["anything"] == {"L": [{"S": "5 EUR"}]}


def test_hooks_hold_for_one_codec_only() -> None:
    money_codec().prepare(Account)
    with pytest.raises(ModelError, match=r"^Account\.balance: Money can't be stored"):
        Codec().prepare(Account)
    with pytest.raises(ModelError, match=r"^Account\.balance: Money can't be stored"):
        to_attribute_map(Account(FIVE))
    with pytest.raises(ModelError, match="Money can't be stored"):
        from_attribute_map(Account, {})


def test_hooks_registered_after_the_first_use_hold_from_the_next_call() -> None:
    codec = Codec()
    line = Line("a", Decimal("1.5"))
    decode = codec.decoder(Line)
    stored = codec.encode(line)
    assert stored["price"] == {"N": "1.5"}
    assert decode(stored) == line
    codec.converter.register_unstructure_hook(Decimal, lambda value: {"S": f"d{value}"})
    assert codec.encode(line)["price"] == {"S": "d1.5"}
    codec.converter.register_structure_hook(Decimal, lambda value, _: Decimal(value["S"][1:]))
    assert codec.decode(Line, codec.encode(line)) == line
    assert codec.encode_value(list[Line], [line])["L"][0]["M"]["price"] == {"S": "d1.5"}


def test_one_direction_may_stay_adorms_own() -> None:
    codec = Codec()
    codec.converter.register_structure_hook(
        date, lambda value, _: date(*map(int, value["S"].split("/")))
    )
    assert codec.encode_value(date, date(2026, 1, 2)) == {"S": "2026-01-02"}
    assert codec.decode_value(date, {"S": "2026/1/2"}) == date(2026, 1, 2)


def test_a_hook_of_one_direction_for_an_unknown_class_names_what_is_lacking() -> None:
    codec = Codec()
    codec.converter.register_unstructure_hook(Money, write_money)
    with pytest.raises(
        ModelError,
        match=r"^Account\.balance: Money has hooks, but no structure hook: register that one too",
    ):
        codec.prepare(Account)


def test_a_hook_for_a_type_leaves_its_subclasses_with_a_form_of_their_own_alone() -> None:
    codec = Codec()
    codec.converter.register_unstructure_hook(date, lambda value: {"S": "date"})
    codec.converter.register_unstructure_hook(int, lambda value: {"S": "int"})
    codec.converter.register_unstructure_hook(str, lambda value: {"S": "str"})
    assert codec.encode_value(datetime, datetime(2026, 1, 1, tzinfo=UTC)) == {
        "S": "2026-01-01T00:00:00.000000Z"
    }
    assert codec.encode_value(bool, True) == {"BOOL": True}
    assert codec.encode_value(Status, Status.OPEN) == {"S": "open"}
    assert codec.encode_value(int, 5) == {"S": "int"}
    assert codec.encode_value(list[str], ["x"]) == {"L": [{"S": "str"}]}
    assert codec.encode_value(Any, date(2026, 1, 1)) == {"S": "date"}


def test_hooks_for_newtypes_unions_enums_and_structured_classes() -> None:
    codec = Codec()
    codec.converter.register_unstructure_hook(Token, lambda value: {"B": value.encode()})
    codec.converter.register_structure_hook(
        Token, lambda value, _: Token(bytes(value["B"]).decode())
    )
    assert codec.encode_value(Token, "x") == {"B": b"x"}
    assert codec.encode_value(Token | None, "x") == {"B": b"x"}
    assert codec.decode_value(list[Token], {"L": [{"B": b"x"}]}) == ["x"]
    assert codec.encode_value(str, "x") == {"S": "x"}

    codec.converter.register_unstructure_hook(str | UUID, lambda value: {"S": str(value)})
    codec.converter.register_structure_hook(str | UUID, lambda value, _: value["S"])
    assert codec.encode_value(str | UUID, UUID(int=1)) == {
        "S": "00000000-0000-0000-0000-000000000001"
    }

    codec.converter.register_unstructure_hook(Status, lambda value: {"S": value.name})
    codec.converter.register_structure_hook(Status, lambda value, _: Status[value["S"]])
    assert codec.encode_value(set[Status], {Status.PAID}) == {"SS": ["PAID"]}
    assert codec.decode_value(set[Status], {"SS": ["PAID"]}) == {Status.PAID}

    codec.converter.register_unstructure_hook(Address, lambda value: {"S": value.city})
    codec.converter.register_structure_hook(Address, lambda value, _: Address(value["S"]))
    assert codec.encode_value(list[Address | None], [Address("a"), None]) == {
        "L": [{"S": "a"}, {"NULL": True}]
    }
    with pytest.raises(UsageError, match="is stored as S, so it can't be an item"):
        codec.encode(Address("a"))


def test_a_hook_may_use_the_converter_for_what_is_inside() -> None:
    codec = Codec()
    codec.converter.register_unstructure_hook(
        Money,
        lambda value: {"L": [codec.converter.unstructure(value.amount), {"S": value.currency}]},
    )
    codec.converter.register_structure_hook(
        Money,
        lambda value, _: Money(
            codec.converter.structure(value["L"][0], Decimal), value["L"][1]["S"]
        ),
    )
    stored = codec.encode(Account(SIX))
    assert stored["balance"] == {"L": [{"N": "6.50"}, {"S": "USD"}]}
    assert codec.decode(Account, stored).balance == SIX
    with pytest.raises(DecodeFailure, match=r'^\$\.balance: expected a number, got \{"S": "x"\}$'):
        codec.decode(Account, {"balance": {"L": [{"S": "x"}, {"S": "USD"}]}})
    with pytest.raises(
        UsageError, match=r"^Account\.balance: Decimal: NaN is no number that DynamoDB can hold$"
    ):
        codec.encode(Account(Money(Decimal("NaN"))))
    with pytest.raises(ItemDecodeError, match="expected a number"):
        codec.converter.structure({"S": "x"}, Decimal)


def test_a_hook_of_a_recursive_class_may_call_adorm_for_one_direction() -> None:
    codec = Codec()
    codec.converter.register_structure_hook(
        Node, lambda value, _: Node(value["M"]["name"]["S"].upper())
    )
    stored = codec.encode_value(Node, Node("a", [Node("b")]))
    assert stored["M"]["children"]["L"][0]["M"]["name"] == {"S": "b"}
    assert codec.decode_value(Node, stored) == Node("A")


def test_what_hooks_raise_is_told_with_the_path() -> None:
    codec = money_codec()
    with pytest.raises(DecodeFailure) as caught:
        codec.decode(
            Account, {"balance": {"S": "5 EUR"}, "history": {"L": [{"S": "5 EUR"}, {"S": "x"}]}}
        )
    assert str(caught.value).startswith(
        "$.history[1]: the structure hook of Money failed: ValueError: not enough values to unpack"
    )
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(UsageError) as refused:
        codec.encode(wrong_account(FIVE, named={"a": 5}))
    assert (
        str(refused.value)
        == "Account.named.a: the unstructure hook of Money failed: AttributeError: 'int' object "
        "has no attribute 'amount'"
    )
    assert isinstance(refused.value.__cause__, AttributeError)


@pytest.mark.parametrize("given", ["x", {"Z": "x"}, {}, {"S": "x", "N": "1"}, None])
def test_a_hook_that_gives_no_attribute_value_is_told(given: Any) -> None:
    codec = Codec()
    codec.converter.register_unstructure_hook(Money, lambda _: given)
    codec.converter.register_structure_hook(Money, read_money)
    with pytest.raises(
        UsageError,
        match=r"^Account\.balance: the unstructure hook of Money gave .*; it has to give an "
        r"attribute value such as",
    ):
        codec.encode(Account(FIVE))


def test_keys_of_another_type_become_text_by_their_hooks() -> None:
    codec = Codec()
    codec.converter.register_unstructure_hook(UUID, lambda value: {"S": value.hex})
    codec.converter.register_structure_hook(UUID, lambda value, _: UUID(value["S"]))
    value = {UUID(int=1): [1, 2]}
    stored = codec.encode_value(dict[UUID, list[int]], value)
    assert stored == {"M": {UUID(int=1).hex: {"L": [{"N": "1"}, {"N": "2"}]}}}
    assert codec.decode_value(dict[UUID, list[int]], stored) == value
    codec.converter.register_unstructure_hook(UUID, lambda value: {"N": str(value.int)})
    with pytest.raises(UsageError, match="a map's keys are text, and UUID is stored as N"):
        codec.encode_value(dict[UUID, list[int]], value)


def test_a_hook_for_a_generic_type_is_found_by_a_predicate_or_by_its_class() -> None:
    codec = Codec()
    codec.converter.register_unstructure_hook_func(
        lambda annotation: annotation == dict[int, str], lambda value: {"S": repr(value)}
    )
    codec.converter.register_structure_hook_func(
        lambda annotation: annotation == dict[int, str], lambda value, _: {1: value["S"]}
    )
    assert codec.encode_value(dict[int, str], {1: "x"}) == {"S": "{1: 'x'}"}
    codec.converter.register_unstructure_hook(Box, lambda value: {"S": "box"})
    codec.converter.register_structure_hook(Box, lambda value, _: Box(value["S"]))
    assert codec.encode_value(Box[int], Box(1)) == {"S": "box"}
    assert codec.decode_value(Box[int], {"S": "box"}) == Box("box")
