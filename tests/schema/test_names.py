"""From field names to attribute names."""

from __future__ import annotations

import pytest

import adorm
from adorm.schema.names import camel_case, pascal_case


@pytest.mark.parametrize(
    ("name", "camel", "pascal"),
    [
        ("customer_id", "customerId", "CustomerId"),
        ("total", "total", "Total"),
        ("_user_name", "_userName", "_UserName"),
        ("__secret_part", "__secretPart", "__SecretPart"),
        ("order_itemID", "orderItemID", "OrderItemID"),
        ("line_2_sku", "line2Sku", "Line2Sku"),
        ("class_", "class", "Class"),
        ("a__b", "aB", "AB"),
        ("x_URL", "xURL", "XURL"),
        ("_", "_", "_"),
    ],
)
def test_words_are_joined_and_nothing_but_their_first_letter_is_changed(
    name: str, camel: str, pascal: str
) -> None:
    assert (camel_case(name), pascal_case(name)) == (camel, pascal)


def test_a_model_stores_under_these_names() -> None:
    @adorm.model(naming="camelCase")
    class User:
        _user_name: str = ""
        order_itemID: str = ""  # noqa: N815

    user = User(user_name="a", order_itemID="b")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # attrs' name
    assert adorm.to_plain(user) == {"_userName": "a", "orderItemID": "b"}
    assert adorm.from_plain(User, {"_userName": "a", "orderItemID": "b"}) == user
