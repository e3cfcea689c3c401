"""Big Time Deals: the design of chapter 20 of The DynamoDB Book, as public programs show it.

    entity         PK and SK                      indexes, whose sort key is DEAL#<id>
    deal           DEAL#<id>, twice               GSI1: DEALS#<day>
                                                  GSI2: BRAND#<BRAND>#<day>
                                                  GSI3: CATEGORY#<CATEGORY>#<day>
    brand          BRAND#<BRAND>, twice           -
    brand like     BRANDLIKE#<BRAND>#<user>       -
    brand watch    BRANDWATCH#<BRAND>             -
                   USER#<user>
    all brands     BRANDS, twice                  -
    front page     FRONTPAGE#<copy>, twice        -
    user           USER#<user>, twice             users: USER#<user>; only users are in it
    message        MESSAGES#<user>                GSI1: the same, while it is unread
                   MESSAGE#<id>

Brands and categories are stored as they were written. Their keys are in capitals, so that they are
compared without case.
"""

from __future__ import annotations

from datetime import datetime

import adorm

deals_table = adorm.SingleTable(
    "deals",
    indexes=[
        adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK"),
        adorm.GlobalIndex("GSI2", partition="GSI2PK", sort="GSI2SK"),
        adorm.GlobalIndex("GSI3", partition="GSI3PK", sort="GSI3SK"),
        adorm.GlobalIndex("users", partition="UserIndex"),
    ],
)


@adorm.model(table=deals_table)
class Deal:
    deal_id: str
    title: str
    price: int
    brand: str
    category: str
    created_at: datetime = adorm.created_at()

    @adorm.key
    def key(self, deal_id: str) -> adorm.KeyText:
        return f"DEAL#{deal_id}", f"DEAL#{deal_id}"

    by_day = adorm.key("DEALS#{created_at:%Y-%m-%d}", "DEAL#{deal_id}", index="GSI1")
    by_brand = adorm.key(
        "BRAND#{brand:upper}#{created_at:%Y-%m-%d}", "DEAL#{deal_id}", index="GSI2"
    )
    by_category = adorm.key(
        "CATEGORY#{category:upper}#{created_at:%Y-%m-%d}", "DEAL#{deal_id}", index="GSI3"
    )


@adorm.model(table=deals_table)
class Brand:
    name: str
    logo_url: str = ""
    likes: int = 0

    @adorm.key
    def key(self, name: str) -> adorm.KeyText:
        return f"BRAND#{name:upper}", f"BRAND#{name:upper}"


@adorm.model(table=deals_table)
class BrandLike:
    brand: str
    user: str

    @adorm.key
    def key(self, brand: str, user: str) -> adorm.KeyText:
        return f"BRANDLIKE#{brand:upper}#{user}", f"BRANDLIKE#{brand:upper}#{user}"


@adorm.model(table=deals_table)
class BrandWatch:
    brand: str
    user: str

    @adorm.key
    def key(self, brand: str, user: str) -> adorm.KeyText:
        return f"BRANDWATCH#{brand:upper}", f"USER#{user}"


@adorm.model(table=deals_table)
class Brands:  # there is one of it
    names: set[str] = adorm.attribute(factory=set)

    @adorm.key
    def key(self) -> adorm.KeyText:
        return "BRANDS", "BRANDS"


@adorm.model(table=deals_table)
class FrontPage:
    """Hot: copies of it are read, one of eight at random, and all are written."""

    copy: int
    featured: list[str] = adorm.attribute(factory=list)

    @adorm.key
    def key(self, copy: int) -> adorm.KeyText:
        return f"FRONTPAGE#{copy:d}", f"FRONTPAGE#{copy:d}"


@adorm.model(table=deals_table)
class User:
    name: str
    created_at: datetime = adorm.created_at()

    @adorm.key
    def key(self, name: str) -> adorm.KeyText:
        return f"USER#{name}", f"USER#{name}"

    everyone = adorm.key("USER#{name}", index="users")


@adorm.model(table=deals_table)
class Message:
    user: str
    message_id: str
    subject: str
    unread: bool = True

    @adorm.key
    def key(self, user: str, message_id: str) -> adorm.KeyText:
        return f"MESSAGES#{user}", f"MESSAGE#{message_id}"

    while_unread = adorm.key(
        "MESSAGES#{user}", "MESSAGE#{message_id}", index="GSI1", only={"unread": True}
    )
