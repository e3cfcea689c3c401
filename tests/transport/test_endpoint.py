"""Where requests go."""

from __future__ import annotations

import gzip
import importlib
import importlib.resources
import json
from pathlib import Path
from typing import Any

import pytest

from adorm.errors import UsageError
from adorm.transport.credentials.aws_session import SessionHolder
from adorm.transport.wire.endpoint import Endpoint, aws_endpoint, custom_endpoint
from adorm.transport.wire.find_endpoint import find_endpoint

pytestmark = pytest.mark.anyio

REGIONS = [
    "us-east-1",
    "eu-central-1",
    "ap-southeast-7",
    "il-central-1",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-west-1",
    "us-gov-east-1",
    "us-iso-east-1",
    "us-isob-east-1",
    "eu-isoe-west-1",
    "us-isof-south-1",
    "eusc-de-east-1",
    "xx-future-9",
]


@pytest.fixture(scope="module")
def rules() -> Any:
    """botocore's own rules for DynamoDB's host names."""
    return rules_of("dynamodb/2012-08-10")


@pytest.fixture(scope="module")
def sts_rules() -> Any:
    """And for those of STS."""
    return rules_of("sts/2011-06-15")


def rules_of(service: str) -> Any:
    provider: Any = importlib.import_module("botocore.endpoint_provider")
    data = importlib.resources.files("botocore") / "data"
    packed = (data / service / "endpoint-rule-set-1.json.gz").read_bytes()
    return provider.EndpointProvider(
        json.loads(gzip.decompress(packed)), json.loads((data / "partitions.json").read_text())
    )


@pytest.mark.parametrize("use_dualstack", [False, True])
@pytest.mark.parametrize("use_fips", [False, True])
@pytest.mark.parametrize("region", REGIONS)
def test_host_names_are_those_of_botocore(
    rules: Any, region: str, use_fips: bool, use_dualstack: bool
) -> None:
    theirs = rules.resolve_endpoint(Region=region, UseFIPS=use_fips, UseDualStack=use_dualstack)
    assert (
        aws_endpoint(region, use_fips=use_fips, use_dualstack=use_dualstack).url == f"{theirs.url}/"
    )


@pytest.mark.parametrize("use_dualstack", [False, True])
@pytest.mark.parametrize("use_fips", [False, True])
@pytest.mark.parametrize("region", REGIONS)
def test_host_names_of_sts_are_those_of_botocore(
    sts_rules: Any, region: str, use_fips: bool, use_dualstack: bool
) -> None:
    theirs = sts_rules.resolve_endpoint(
        Region=region, UseFIPS=use_fips, UseDualStack=use_dualstack, UseGlobalEndpoint=False
    )
    assert (
        aws_endpoint(region, use_fips=use_fips, use_dualstack=use_dualstack, service="sts").url
        == f"{theirs.url}/"
    )


@pytest.mark.parametrize(
    "region", ["", "eu_central_1", "evil.example/", "EU-CENTRAL-1", "a" * 64, "eu-central-1\n"]
)
def test_a_region_that_is_none_is_refused(region: str) -> None:
    with pytest.raises(UsageError, match="is not the name of an AWS region"):
        aws_endpoint(region)


@pytest.mark.parametrize(
    ("url", "authority", "port", "path"),
    [
        ("http://localhost:8000", "localhost:8000", 8000, "/"),
        ("http://LOCALHOST", "localhost", 80, "/"),
        ("https://dynamo.example", "dynamo.example", 443, "/"),
        ("https://dynamo.example:443/", "dynamo.example", 443, "/"),
        ("https://dynamo.example:80/a/b", "dynamo.example:80", 80, "/a/b"),
        ("http://[::1]:8000", "[::1]:8000", 8000, "/"),
    ],
)
def test_a_url_is_taken_apart(url: str, authority: str, port: int, path: str) -> None:
    endpoint = custom_endpoint(url, "eu-central-1")
    assert (endpoint.authority, endpoint.port, endpoint.path) == (authority, port, path)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://localhost",
        "http://",
        "http:///x",
        "http://local host",
        "http://localhost:port",
        "http://localhost:99999",
        "http://localhost/?x=1",
        "http://localhost/#x",
        "http://localhost/a b",
        "http://localhost/\x7f",
        "http://local\r\nhost",
        "http://localhost\n",
        "\thttp://localhost",
        "http://[::1",
        "http://exämple",
        "",
    ],
)
def test_a_url_that_is_no_endpoint_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="endpoint_url"):
        custom_endpoint(url, "eu-central-1")


def test_a_url_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(UsageError, match="must not hold a user or password") as caught:
        custom_endpoint("https://me:hush@localhost", "eu-central-1")
    assert "hush" not in str(caught.value)


async def found(
    environ: dict[str, str],
    *,
    region: str | None = None,
    endpoint_url: str | None = None,
    profile: str | None = None,
) -> Endpoint:
    complete = {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"} | environ
    holder = SessionHolder(None, profile)
    return await find_endpoint(
        region=region,
        endpoint_url=endpoint_url,
        environ=complete,
        holder=lambda: holder,
        prefer_profile=False,
    )


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"AWS_REGION": "eu-west-1"}, "https://dynamodb.eu-west-1.amazonaws.com/"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "https://dynamodb.eu-west-2.amazonaws.com/"),
        (
            {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"},
            "https://dynamodb.eu-west-1.amazonaws.com/",
        ),
        (
            {"AWS_REGION": "eu-west-1", "AWS_USE_FIPS_ENDPOINT": "true"},
            "https://dynamodb-fips.eu-west-1.amazonaws.com/",
        ),
        (
            {"AWS_REGION": "eu-west-1", "AWS_USE_DUALSTACK_ENDPOINT": "TRUE"},
            "https://dynamodb.eu-west-1.api.aws/",
        ),
        (
            {"AWS_REGION": "eu-west-1", "AWS_USE_FIPS_ENDPOINT": "false"},
            "https://dynamodb.eu-west-1.amazonaws.com/",
        ),
        ({"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://a:1"}, "http://a:1/"),
        (
            {
                "AWS_REGION": "eu-west-1",
                "AWS_ENDPOINT_URL": "http://a:1",
                "AWS_ENDPOINT_URL_DYNAMODB": "http://b:1",
            },
            "http://b:1/",
        ),
        (
            {
                "AWS_REGION": "eu-west-1",
                "AWS_ENDPOINT_URL": "http://a:1",
                "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
            },
            "https://dynamodb.eu-west-1.amazonaws.com/",
        ),
    ],
)
async def test_the_environment_says_where(environ: dict[str, str], url: str) -> None:
    assert (await found(environ)).url == url


async def test_arguments_come_before_the_environment() -> None:
    environ = {
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://a:1",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    }
    endpoint = await found(environ, region="us-east-2", endpoint_url="http://mine:8000")
    assert (endpoint.url, endpoint.region) == ("http://mine:8000/", "us-east-2")


async def test_no_region_is_a_clear_error() -> None:
    with pytest.raises(UsageError, match="no AWS region: give `region=`, set AWS_REGION"):
        await found({})


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("http://localhost:8000", "us-east-1"),
        ("https://dynamodb.eu-central-1.amazonaws.com", "eu-central-1"),
        ("https://dynamodb.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("https://123456789012.ddb.eu-west-1.amazonaws.com", "eu-west-1"),
        ("https://dynamodb.eu-west-1.api.aws", "eu-west-1"),
    ],
)
async def test_without_a_region_the_endpoint_tells_it_or_it_is_a_local_one(
    url: str, region: str
) -> None:
    assert (await found({}, endpoint_url=url)).region == region


async def test_fips_and_a_url_of_ones_own_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="only one of them"):
        await found(
            {"AWS_USE_FIPS_ENDPOINT": "true"},
            region="eu-west-1",
            endpoint_url="http://localhost:8000",
        )


@pytest.mark.parametrize(
    ("config", "environ", "url", "ca_bundle"),
    [
        ("region=sa-east-1", {}, "https://dynamodb.sa-east-1.amazonaws.com/", None),
        ("region=sa-east-1\nendpoint_url=http://c:1", {}, "http://c:1/", None),
        ("endpoint_url=http://c:1", {"AWS_REGION": "eu-west-1"}, "http://c:1/", None),
        (
            "endpoint_url=http://c:1",
            {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://a:1"},
            "http://a:1/",
            None,
        ),
        (
            "endpoint_url=http://c:1\nignore_configured_endpoint_urls=true",
            {"AWS_REGION": "eu-west-1"},
            "https://dynamodb.eu-west-1.amazonaws.com/",
            None,
        ),
        (
            "use_fips_endpoint=true",
            {"AWS_REGION": "eu-west-1"},
            "https://dynamodb-fips.eu-west-1.amazonaws.com/",
            None,
        ),
        (
            "use_dualstack_endpoint=true",
            {"AWS_REGION": "eu-west-1"},
            "https://dynamodb.eu-west-1.api.aws/",
            None,
        ),
        (
            "ca_bundle=/x.pem",
            {"AWS_REGION": "eu-west-1"},
            "https://dynamodb.eu-west-1.amazonaws.com/",
            "/x.pem",
        ),
        (
            "ca_bundle=/x.pem",
            {"AWS_REGION": "eu-west-1", "AWS_CA_BUNDLE": "/y.pem"},
            "https://dynamodb.eu-west-1.amazonaws.com/",
            "/y.pem",
        ),
    ],
)
async def test_the_profile_is_asked_where_the_environment_is_silent(
    config: str,
    environ: dict[str, str],
    url: str,
    ca_bundle: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "config"
    path.write_text(f"[default]\n{config}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    endpoint = await found(environ | {"AWS_CONFIG_FILE": str(path)})
    assert (endpoint.url, endpoint.ca_bundle) == (url, ca_bundle)
