"""Refuses proxies that the environment asks for: adorm's own connections can't use them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from adorm.errors import UsageError
from adorm.transport.wire.endpoint import Endpoint

if TYPE_CHECKING:
    import ipaddress


def refuse_proxy(endpoint: Endpoint, environ: Mapping[str, str]) -> None:
    """Refuse an endpoint for which HTTPS_PROXY (for https) or HTTP_PROXY (for http) is set.

    The lower-case names count too. NO_PROXY lists exceptions: `*`, host names, which include all
    names below them, addresses, and networks (`10.0.0.0/8`); names and addresses with or without a
    port. Loopback addresses are always exceptions.

    Raises:
        UsageError: it names the variable. Its value may hold a password and is not shown.
    """
    lower = f"{endpoint.scheme}_proxy"
    variable = next((name for name in (lower, lower.upper()) if environ.get(name)), None)
    if variable is None or _is_loopback(endpoint.host):
        return
    exceptions = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if any(_covers(entry.strip().lower(), endpoint) for entry in exceptions.split(",")):
        return
    raise UsageError(
        f"{variable} asks for a proxy to {endpoint.host}, and adorm's own connections can't use "
        "one. Give an aiobotocore client, which can, as `client=`, or except the host by "
        f"NO_PROXY={endpoint.host}"
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
    import ipaddress  # takes 2 ms, and few programs have a proxy

    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
