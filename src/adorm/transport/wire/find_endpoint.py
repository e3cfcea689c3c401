"""Finds region and endpoint: in the arguments, the environment and the AWS configuration files.

An endpoint that the environment wants a proxy for is refused: adorm's own connections can't use it.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from adorm.errors import UsageError
from adorm.transport.credentials.default_chain import files_mention
from adorm.transport.wire.endpoint import (
    Endpoint,
    Service,
    Settings,
    aws_endpoint,
    custom_endpoint,
)

if TYPE_CHECKING:
    import ipaddress

    from adorm.transport.credentials.aws_session import SessionHolder


LOCAL_REGION = "us-east-1"
"""The region that signs requests to an endpoint outside AWS (such as DynamoDB Local) when no region
is configured anywhere."""

_AWS_HOST = r"(?:(?:dynamodb|sts)(?:-fips)?|[0-9]+\.ddb)\.([a-z0-9-]+)\.(?:amazonaws\.|api\.a)"


async def find_endpoint(
    *,
    region: str | None,
    endpoint_url: str | None,
    environ: Mapping[str, str],
    holder: Callable[[], SessionHolder],
    prefer_profile: bool,
    service: Service = "dynamodb",
) -> Endpoint:
    """The endpoint for a service, by the arguments, then the environment, then the profile.

    The variables read: AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_DYNAMODB (or _STS),
    AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_USE_FIPS_ENDPOINT,
    AWS_USE_DUALSTACK_ENDPOINT, AWS_CA_BUNDLE.

    The profile is read, and aiobotocore imported for it, only if the environment leaves something
    open and the AWS configuration files mention it.

    Args:
        holder: gives the session that reads the profile.
        prefer_profile: the caller gave a session, so its region goes before the environment's.

    Raises:
        UsageError: no region is known, or a value can't be used.
        ConnectionFailed: the profile could not be read within 30 s.
    """
    environ_region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None
    ignore_configured = _is_true(environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
    url = endpoint_url
    if not url and not ignore_configured:
        own = environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
        url = own or environ.get("AWS_ENDPOINT_URL") or None
    missing: set[str] = set() if url else {"use_fips_endpoint", "use_dualstack_endpoint"}
    if not url and not ignore_configured:
        missing.add("endpoint_url")
    if region is None and environ_region is None:
        missing.add("region")
    if not environ.get("AWS_CA_BUNDLE"):
        missing.add("ca_bundle")
    settings = Settings()
    if prefer_profile or files_mention(missing, environ):
        settings = await holder().settings(service)
    profile_region = settings.region if prefer_profile else None
    region = region or profile_region or environ_region or settings.region
    use_fips = _flag(environ, "AWS_USE_FIPS_ENDPOINT", settings.use_fips and not url)
    use_dualstack = _flag(environ, "AWS_USE_DUALSTACK_ENDPOINT", settings.use_dualstack and not url)
    if url is None and not ignore_configured:
        url = settings.endpoint_url
    ca_bundle = environ.get("AWS_CA_BUNDLE") or settings.ca_bundle
    if url is None:
        if region is None:
            raise UsageError(
                "no AWS region: give `region=`, set AWS_REGION or AWS_DEFAULT_REGION, or write "
                "`region` into the profile's configuration"
            )
        return aws_endpoint(
            region,
            use_fips=use_fips,
            use_dualstack=use_dualstack,
            service=service,
            ca_bundle=ca_bundle,
        )
    if use_fips or use_dualstack:
        raise UsageError(
            "both a FIPS or dual-stack endpoint and an endpoint_url are configured: only one of "
            "them can be used"
        )
    if region is None:
        found = re.search(_AWS_HOST, url)
        region = str(found[1]) if found else LOCAL_REGION
    return custom_endpoint(url, region, ca_bundle=ca_bundle)


def _is_true(text: str | None) -> bool:
    return text is not None and text.strip().lower() == "true"


def _flag(environ: Mapping[str, str], name: str, default: bool) -> bool:
    return _is_true(environ[name]) if environ.get(name) else default


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
