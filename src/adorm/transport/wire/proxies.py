"""Proxies that the environment asks for: the wire speaks to DynamoDB directly, and says so instead
of going around one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from adorm.errors import UsageError
from adorm.transport.wire.endpoint import Endpoint

if TYPE_CHECKING:
    import ipaddress


def refuse_proxy(endpoint: Endpoint, environ: Mapping[str, str]) -> None:
    """Raise if HTTPS_PROXY (for https) or HTTP_PROXY (for http) covers the endpoint; lower-case
    spellings count too.

    NO_PROXY takes hosts out: `*`, names with everything below them, addresses, networks
    (`10.0.0.0/8`), each with a port or without. Loopback addresses are never meant.

    Raises:
        UsageError: the variable is named, its value (which may hold a password) is not shown.
    """
    lower = f"{endpoint.scheme}_proxy"
    variable = next((name for name in (lower, lower.upper()) if environ.get(name)), None)
    if variable is None or _is_loopback(endpoint.host):
        return
    exceptions = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if any(_covers(entry.strip().lower(), endpoint) for entry in exceptions.split(",")):
        return
    raise UsageError(
        f"{variable} asks for a proxy to {endpoint.host}, and adorm's own connections can't go through one. Give `client=` an "
        f"aiobotocore client, which can, or take the host out by NO_PROXY={endpoint.host}"
    )


def _covers(entry: str, endpoint: Endpoint) -> bool:
    if not entry:
        return False
    if entry == "*":
        return True
    address = _address(endpoint.host)
    if address is not None:
        if "/" in entry:
            import ipaddress

            try:
                return address in ipaddress.ip_network(entry, strict=False)
            except ValueError:
                return False
        return entry.strip("[]") == endpoint.host or entry in (
            f"{endpoint.host}:{endpoint.port}",
            f"[{endpoint.host}]:{endpoint.port}",
        )
    name, colon, port = entry.partition(":")
    if colon and port != str(endpoint.port):
        return False
    name = name.removeprefix("*").lstrip(".")
    return bool(name) and (endpoint.host == name or endpoint.host.endswith(f".{name}"))


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    import ipaddress  # 2 ms, for those who have a proxy

    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
