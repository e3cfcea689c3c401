"""The base of the peers: each does the same works, as the users of its library would."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

REGION = "eu-central-1"
CONNECTIONS = 64
"""Every library may open as many connections as there are tasks at most."""

Call = Callable[[], Awaitable[Any]]
SyncCall = Callable[[], Any]


@dataclass(frozen=True)
class Peer:
    """One library's works, by name: get, put, update, page, batch, transact, scan.

    Calls of a library without asyncio are in `sync_calls`: they run in the main thread one at a
    time, in threads when there are tasks. `codec` holds what needs no server, "encode" and
    "decode". `plain` turns what a read gives into values as `orders.values()` tells them, or leaves
    out what the library can't tell; `checked` names the works whose results are compared.
    """

    plain: Callable[[Any], Mapping[str, Any]]
    calls: Mapping[str, Call] = field(default_factory=dict[str, Call])
    sync_calls: Mapping[str, SyncCall] = field(default_factory=dict[str, SyncCall])
    codec: Mapping[str, SyncCall] = field(default_factory=dict[str, SyncCall])


def attributes(instance: object) -> dict[str, Any]:
    """The plain values of an instance whose address is an instance too."""
    address: Any = getattr(instance, "address")  # noqa: B009
    return {
        **{name: getattr(instance, name) for name in NAMES},
        "address": {"city": address.city, "zip": address.zip},
    }


NAMES = (
    "customer_id",
    "order_id",
    "status",
    "total",
    "quantity",
    "paid",
    "tags",
    "lines",
    "placed_at",
)
