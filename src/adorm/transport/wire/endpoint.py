"""Endpoints: AWS's own by their region, and others by their URL.

https://docs.aws.amazon.com/general/latest/gr/ddb.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from adorm.errors import UsageError
from adorm.support.printable_text import shown
from adorm.support.records import Record

PARTITIONS: Mapping[str, tuple[str, str]] = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc-": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "us-iso-": ("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": ("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}
"""By the beginning of a region's name: the suffix of its host names, and that of its dual-stack
hosts. All other regions have `DEFAULT_SUFFIXES`."""

DEFAULT_SUFFIXES = ("amazonaws.com", "api.aws")
DEFAULT_PORTS = {"http": 80, "https": 443}
Service = Literal["dynamodb", "sts"]


class Settings(Record):
    """A profile's settings of the endpoint; None where it has none."""

    region: str | None = None
    endpoint_url: str | None = None
    use_fips: bool = False
    use_dualstack: bool = False
    ca_bundle: str | None = None


class Endpoint(Record):
    """Where requests go, and the region that they are signed for."""

    scheme: Literal["http", "https"]
    host: str
    """Lower case; an IPv6 address without brackets."""
    port: int
    path: str
    region: str
    ca_bundle: str | None = None
    """The file or directory of the certificate authorities to trust; None: the system's."""

    @property
    def authority(self) -> str:
        """The `host` header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """`https://dynamodb.eu-central-1.amazonaws.com/`."""
        return f"{self.scheme}://{self.authority}{self.path}"


def aws_endpoint(
    region: str,
    *,
    use_fips: bool = False,
    use_dualstack: bool = False,
    service: Service = "dynamodb",
    ca_bundle: str | None = None,
) -> Endpoint:
    """AWS's own endpoint of a service in a region."""
    _check_region(region)
    plain, dualstack = next(
        (suffixes for start, suffixes in PARTITIONS.items() if region.startswith(start)),
        DEFAULT_SUFFIXES,
    )
    # In GovCloud the plain host already is the FIPS one.
    fips = use_fips and (use_dualstack or not region.startswith("us-gov-"))
    host = f"{service}{'-fips' if fips else ''}.{region}.{dualstack if use_dualstack else plain}"
    return Endpoint("https", host, DEFAULT_PORTS["https"], "/", region, ca_bundle)


MAX_NAME_CHARACTERS = 253
MAX_LABEL_CHARACTERS = 63


def _check_region(name: str) -> None:
    """Refuse what can't be one label of a host name."""
    if (
        not 0 < len(name) <= MAX_LABEL_CHARACTERS
        or not name.isascii()
        or name.lower() != name
        or not name.replace("-", "").isalnum()
        or "-" in (name[0], name[-1])
    ):
        raise UsageError(f"{name!r} is not the name of an AWS region, such as eu-central-1")


def is_host(host: str) -> bool:
    """Whether it can be a host's name or address.

    That is an IPv6 address without brackets, or labels of 1 to 63 characters with dots between, 253
    characters in all. Python's own look-up raises a `UnicodeError` for other names.
    """
    if ":" in host:
        import ipaddress  # takes 2 ms, and IPv6 addresses are seldom given

        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            return False
        return True
    labels = host.removesuffix(".").split(".")
    return (
        len(host) <= MAX_NAME_CHARACTERS
        and host.isascii()
        and all(
            0 < len(label) <= MAX_LABEL_CHARACTERS
            and label.replace("-", "").replace("_", "").isalnum()
            for label in labels
        )
    )


def _simple_endpoint(url: str, region: str, ca_bundle: str | None) -> Endpoint | None:
    """The endpoint of a URL like `http://localhost:8000`, None for any other.

    It saves the 2 ms that the import of `urllib.parse` takes.
    """
    scheme, _, rest = url.partition("://")
    host, _, port = rest.removesuffix("/").partition(":")
    if scheme not in ("http", "https") or not is_host(host):
        return None
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536):
        return None
    secure: Literal["http", "https"] = "https" if scheme == "https" else "http"
    return Endpoint(secure, host.lower(), int(port), "/", region, ca_bundle)


def custom_endpoint(url: str, region: str, *, ca_bundle: str | None = None) -> Endpoint:
    """The endpoint of a URL: `http://localhost:8000`, `https://host/a/path`."""
    _check_region(region)
    simple = _simple_endpoint(url, region, ca_bundle)
    if simple is not None:
        return simple
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"endpoint_url is not a URL: {error}") from error
    if parts.username is not None or parts.password is not None:
        # The URL is not shown: it holds a password.
        raise UsageError(
            "endpoint_url must not hold a user or password: DynamoDB knows callers only by their "
            "signature"
        )
    form = "endpoint_url must read like http://localhost:8000 or https://host"
    # urlsplit removes line ends and goes on with the rest, so they are looked for in the URL.
    if parts.scheme not in ("http", "https") or not host or not url.isprintable():
        raise UsageError(f"{form}: {url!r} does not")
    if not is_host(host):
        raise UsageError(
            f"{form}: {shown(host)!r} can't be the name of a host, whose parts have 1 to "
            f"{MAX_LABEL_CHARACTERS} letters, digits, hyphens or underscores each"
        )
    if parts.query or parts.fragment or not re.fullmatch(r"[!-~]*", parts.path, re.ASCII):
        raise UsageError(
            "endpoint_url must end after the host, the port or a path of plain characters: "
            f"{url!r} does not"
        )
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    port = DEFAULT_PORTS[scheme] if port is None else port
    return Endpoint(scheme, host.lower(), port, parts.path or "/", region, ca_bundle)
