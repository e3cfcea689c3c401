"""Sessions: the design "session management" in AWS's collection of schema designs.

    item           PK               SK
    session        suuid#<session>  c#<customer>
    child session  suuid#<session>  child#suuid#<child>

The index `inverted` has the key of the table turned round: SK is its partition key, PK its sort
key. It finds the sessions of a customer, and the session of a child. It sorts by session, so the
last login of a customer is the largest of all his sessions.
"""

from __future__ import annotations

from datetime import datetime

import adorm

sessions_table = adorm.SingleTable(
    "sessions", indexes=[adorm.GlobalIndex("inverted", partition="SK", sort="PK")]
)


@adorm.model(table=sessions_table)
class Session:
    session_id: str
    customer_id: str
    access_token: str
    last_login_at: datetime = adorm.updated_at()
    expires_at: datetime | None = adorm.ttl()

    @adorm.key
    def key(self, session_id: str, customer_id: str) -> adorm.KeyText:
        return f"suuid#{session_id}", f"c#{customer_id}"


@adorm.model(table=sessions_table)
class ChildSession:
    session_id: str
    child_id: str
    access_token: str

    @adorm.key
    def key(self, session_id: str, child_id: str) -> adorm.KeyText:
        return f"suuid#{session_id}", f"child#suuid#{child_id}"
