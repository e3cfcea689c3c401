"""Where requests go: region, host, and what the environment says about them.

https://docs.aws.amazon.com/general/latest/gr/ddb.html
https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from typing import Literal

from adorm.errors import UsageError
from adorm.support.records import Record
from adorm.support.shown import shown
from adorm.transport.credentials.aws_session import SessionHolder, Settings

PARTITIONS: Mapping[str, tuple[str, str]] = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc-": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "us-iso-": ("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": ("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}
"""By how a region begins: the suffix of its host names, and that of its dual-stack ones. All others
are in AWS's own domain."""

DEFAULT_SUFFIXES = ("amazonaws.com", "api.aws")
DEFAULT_PORTS = {"http": 80, "https": 443}
LOCAL_REGION = "us-east-1"
"""The region that signs requests to an endpoint outside AWS (such as DynamoDB Local) when none is
configured anywhere."""

_AWS_HOST = r"(?:(?:dynamodb|sts)(?:-fips)?|[0-9]+\.ddb)\.([a-z0-9-]+)\.(?:amazonaws\.|api\.a)"


class Endpoint(Record):
    """A server that speaks DynamoDB (or STS), and the region that requests to it are signed for."""

    __slots__ = ("scheme", "host", "port", "path", "region")  # noqa: RUF023  # the constructor's order

    scheme: Literal["http", "https"]
    host: str
    """Lower case; an IPv6 address without brackets."""
    port: int
    path: str
    region: str

    def __init__(
        self, scheme: Literal["http", "https"], host: str, port: int, path: str, region: str
    ) -> None:
        self._hold(scheme, host, port, path, region)

    @property
    def authority(self) -> str:
        """The `host` header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


Service = Literal["dynamodb", "sts"]


def aws_endpoint(
    region: str,
    *,
    use_fips: bool = False,
    use_dualstack: bool = False,
    service: Service = "dynamodb",
) -> Endpoint:
    """The service's own endpoint for a region.

    Raises:
        UsageError: the region's name could not be part of a host's.
    """
    if not _is_region(region):
        raise UsageError(f"not the name of an AWS region: {region!r} (one is called eu-central-1)")
    plain, dualstack = next(
        (suffixes for start, suffixes in PARTITIONS.items() if region.startswith(start)),
        DEFAULT_SUFFIXES,
    )
    # In GovCloud the plain host already is the FIPS one.
    fips = use_fips and (use_dualstack or not region.startswith("us-gov-"))
    host = f"{service}{'-fips' if fips else ''}.{region}.{dualstack if use_dualstack else plain}"
    return Endpoint("https", host, 443, "/", region)


def _is_region(name: str) -> bool:
    """Whether it could be a part of a host's name: 63 letters, digits and hyphens at most."""
    return (
        0 < len(name) <= 63
        and name.isascii()
        and name.lower() == name
        and name.replace("-", "").isalnum()
        and "-" not in (name[0], name[-1])
    )


MAX_NAME_CHARACTERS = 253
MAX_LABEL_CHARACTERS = 63


def is_host(host: str) -> bool:
    """Whether a name or address could be a host's: labels of 63 characters at most, none of them
    empty, 253 in all; or an IPv6 address.

    What is not, Python's own look-up would refuse with a `UnicodeError`.
    """
    if ":" in host:
        import ipaddress  # 2 ms, for who gives one

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


def _plain_endpoint(url: str, region: str) -> Endpoint | None:
    """The endpoint of a URL of nothing but a name, or an IPv4 address, with a port: `urllib.parse`
    takes 2 ms to import for the others."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.removesuffix("/").partition(":")
    if (
        scheme not in ("http", "https")
        or ":" in rest.removesuffix("/").removesuffix(f":{port}")
        or not is_host(host)
    ):
        return None
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536):
        return None
    return Endpoint("https" if scheme == "https" else "http", host.lower(), int(port), "/", region)


def custom_endpoint(url: str, region: str) -> Endpoint:
    """The endpoint that a URL names: `http://localhost:8000`; a path is kept.

    Raises:
        UsageError: it is not such a URL, or holds a user, a query or a fragment.
    """
    if not _is_region(region):
        raise UsageError(f"not the name of an AWS region: {region!r} (one is called eu-central-1)")
    plain = _plain_endpoint(url, region)
    if plain is not None:
        return plain
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"endpoint_url is not a URL: {error}") from error
    if parts.username is not None or parts.password is not None:
        # Not shown: it holds a password.
        raise UsageError(
            "endpoint_url must not hold a user or password: DynamoDB knows callers by their signature only"
        )
    # urlsplit leaves line ends out, and goes on with what is left.
    if parts.scheme not in ("http", "https") or not host or not url.isprintable():
        raise UsageError(
            f"endpoint_url must read like http://localhost:8000 or https://host: {url!r} does not"
        )
    if not is_host(host):
        raise UsageError(
            f"endpoint_url must read like http://localhost:8000 or https://host: {shown(host)!r} can't be the name of a host, whose parts "
            f"have 1 to {MAX_LABEL_CHARACTERS} letters, digits, hyphens or underscores each"
        )
    if parts.query or parts.fragment or not re.fullmatch(r"[!-~]*", parts.path, re.ASCII):
        raise UsageError(
            f"endpoint_url must end with the host, the port or a path of plain characters: {url!r} does not"
        )
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    return Endpoint(
        scheme,
        host.lower(),
        port if port is not None else DEFAULT_PORTS[scheme],
        parts.path or "/",
        region,
    )


class EndpointOptions(Record):
    """Where to send requests, and the bundle of authorities to trust there (None: the system's)."""

    __slots__ = ("endpoint", "ca_bundle")  # noqa: RUF023  # the constructor's order

    endpoint: Endpoint
    ca_bundle: str | None

    def __init__(self, endpoint: Endpoint, ca_bundle: str | None) -> None:
        self._hold(endpoint, ca_bundle)


async def locate(
    *,
    region: str | None,
    endpoint_url: str | None,
    environ: Mapping[str, str],
    holder: SessionHolder,
    prefer_profile: bool,
    service: Service = "dynamodb",
) -> EndpointOptions:
    """Region and endpoint from, in this order: the arguments, the environment, the profile.

    The profile is asked, and aiobotocore imported for that, only where the environment leaves
    something open that the AWS configuration files may answer. `prefer_profile`: a session was
    given, so its region comes before the environment's.

    The variables read: AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_DYNAMODB (or _STS),
    AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_USE_FIPS_ENDPOINT,
    AWS_USE_DUALSTACK_ENDPOINT, AWS_CA_BUNDLE.

    Raises:
        UsageError: no region is known, or something given does not fit.
    """
    url = endpoint_url or _environment_url(environ, service)
    from_environ = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None
    ignore_configured = _true(environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
    open_questions: set[str] = set() if url else {"use_fips_endpoint", "use_dualstack_endpoint"}
    if not url and not ignore_configured:
        open_questions.add("endpoint_url")
    if region is None and from_environ is None:
        open_questions.add("region")
    if not environ.get("AWS_CA_BUNDLE"):
        open_questions.add("ca_bundle")
    settings = (
        await holder.settings(service)
        if prefer_profile or mentioned(open_questions, environ)
        else Settings()
    )
    known = (
        region or (settings.region if prefer_profile else None) or from_environ or settings.region
    )
    use_fips = _flag(environ, "AWS_USE_FIPS_ENDPOINT", settings.use_fips and not url)
    use_dualstack = _flag(environ, "AWS_USE_DUALSTACK_ENDPOINT", settings.use_dualstack and not url)
    if url is None and not ignore_configured:
        url = settings.endpoint_url
    ca_bundle = environ.get("AWS_CA_BUNDLE") or settings.ca_bundle
    if url is None:
        if known is None:
            raise UsageError(
                "no AWS region: give `region=`, set AWS_REGION or AWS_DEFAULT_REGION, or write `region` into the profile's configuration"
            )
        return EndpointOptions(
            aws_endpoint(known, use_fips=use_fips, use_dualstack=use_dualstack, service=service),
            ca_bundle,
        )
    if use_fips or use_dualstack:
        raise UsageError(
            "a FIPS or dual-stack endpoint is asked for, and an endpoint_url as well: only one of them can be used"
        )
    if known is None:
        found = re.search(_AWS_HOST, url)
        known = found[1] if found else LOCAL_REGION
    return EndpointOptions(custom_endpoint(url, known), ca_bundle)


def _environment_url(environ: Mapping[str, str], service: Service) -> str | None:
    if _true(environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")):
        return None
    return (
        environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
        or environ.get("AWS_ENDPOINT_URL")
        or None
    )


def _true(text: str | None) -> bool:
    return text is not None and text.strip().lower() == "true"


def _flag(environ: Mapping[str, str], name: str, otherwise: bool) -> bool:
    return _true(environ[name]) if environ.get(name) else otherwise


def mentioned(words: Collection[str], environ: Mapping[str, str]) -> bool:
    """Whether the AWS configuration files name one of these settings: looking costs microseconds,
    asking botocore 0.3 s."""
    home = environ.get("HOME") or environ.get("USERPROFILE") or "~"
    for variable, name in (
        ("AWS_CONFIG_FILE", "config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ):
        path = os.path.expanduser(environ.get(variable) or f"{home}/.aws/{name}")  # noqa: PTH111  # pathlib takes 2 ms to import
        try:
            with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # as above
                text = file.read()
        except OSError:
            continue  # no such file: nothing is configured there
        if any(word in text for word in words):
            return True
    return False
