"""An online shop: the design of chapter 19 of The DynamoDB Book, as public programs show it.

    entity      PK and SK                               GSI1PK and GSI1SK
    customer    CUSTOMER#<user name>                    -
                CUSTOMER#<user name>
    its email   CUSTOMEREMAIL#<email>                   -
                CUSTOMEREMAIL#<email>
    order       CUSTOMER#<user name>                    ORDER#<order id>
                #ORDER#<order id>                       ORDER#<order id>
    order item  ORDER#<order id>                        ORDER#<order id>
                ORDER#<order id>#ITEM#<item id>         ITEM#<item id>

The `#` before ORDER sorts orders before their customer. So one descending query gives the customer
and then the orders, newest first. The item of an email is the guard of a unique value.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import adorm

shop = adorm.SingleTable(
    "shop",
    partition="PK",
    sort="SK",
    indexes=[adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK")],
)


class Status(StrEnum):
    ACCEPTED = "ACCEPTED"
    CANCELED = "CANCELED"
    SHIPPED = "SHIPPED"


@adorm.model
class Address:
    street: str
    city: str


@adorm.model(
    table=shop, unique=["CUSTOMEREMAIL#{email}"]
)  # the item that the design makes by hand is the guard
class Customer:
    user_name: str
    email: str
    name: str = ""
    addresses: dict[str, Address] = adorm.attribute(factory=dict)

    @adorm.key
    def key(self, user_name: str) -> adorm.KeyText:
        return f"CUSTOMER#{user_name}", f"CUSTOMER#{user_name}"


@adorm.model(table=shop)
class Order:
    user_name: str
    order_id: str
    status: Status = Status.ACCEPTED
    amount: Decimal = Decimal(0)

    @adorm.key
    def key(self, user_name: str, order_id: str) -> adorm.KeyText:
        return f"CUSTOMER#{user_name}", f"#ORDER#{order_id}"

    by_id = adorm.key("ORDER#{order_id}", "ORDER#{order_id}", index="GSI1")


@adorm.model(table=shop)
class OrderItem:
    order_id: str
    item_id: str
    price: Decimal = Decimal(0)

    @adorm.key
    def key(self, order_id: str, item_id: str) -> adorm.KeyText:
        return f"ORDER#{order_id}", f"ORDER#{order_id}#ITEM#{item_id}"

    by_order = adorm.key("ORDER#{order_id}", "ITEM#{item_id}", index="GSI1")
