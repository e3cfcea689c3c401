"""Proxies that the environment asks for."""

from __future__ import annotations

import pytest

from adorm.errors import UsageError
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.wire.endpoint import aws_endpoint, custom_endpoint
from adorm.transport.wire.find_endpoint import refuse_proxy
from adorm.transport.wire.transport import WireTransport

pytestmark = pytest.mark.anyio

AWS = "https://dynamodb.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("url", "environ"),
    [
        (AWS, {"HTTPS_PROXY": "http://p:3128"}),
        (AWS, {"https_proxy": "http://p:3128"}),
        ("http://dynamo.example", {"HTTP_PROXY": "http://p:3128"}),
        ("http://10.1.2.3:8000", {"http_proxy": "http://p:3128"}),
        (AWS, {"HTTPS_PROXY": "p", "NO_PROXY": "localhost,example.com, .amazonaws.com.cn"}),
        (AWS, {"HTTPS_PROXY": "p", "NO_PROXY": "amazonaws.com:8443"}),
        (AWS, {"HTTPS_PROXY": "p", "NO_PROXY": "naws.com"}),
        (AWS, {"HTTPS_PROXY": "p", "NO_PROXY": ""}),
        (
            "http://10.1.2.3:8000",
            {"http_proxy": "p", "no_proxy": "10.2.0.0/16,10.1.2.3:80,nonsense/99"},
        ),
    ],
)
async def test_a_proxy_that_covers_the_endpoint_is_refused_by_name(
    url: str, environ: dict[str, str]
) -> None:
    variable = next(iter(environ))
    transport = WireTransport(
        region="eu-central-1", endpoint_url=url, credentials=Credentials("AK", "s"), environ=environ
    )
    with pytest.raises(UsageError, match=f"^{variable} asks for a proxy.*`client=`.*NO_PROXY="):
        await transport.open()


@pytest.mark.parametrize(
    ("url", "environ"),
    [
        (AWS, {}),
        (AWS, {"HTTP_PROXY": "http://p:3128"}),
        (AWS, {"HTTPS_PROXY": ""}),
        (AWS, {"HTTPS_PROXY": "p", "NO_PROXY": "*"}),
        (AWS, {"HTTPS_PROXY": "p", "NO_PROXY": "x, AMAZONAWS.com"}),
        (AWS, {"HTTPS_PROXY": "p", "no_proxy": ".amazonaws.com"}),
        (AWS, {"HTTPS_PROXY": "p", "no_proxy": "*.amazonaws.com"}),
        (AWS, {"HTTPS_PROXY": "p", "no_proxy": "amazonaws.com:443"}),
        ("http://localhost:8000", {"HTTP_PROXY": "p"}),
        ("http://127.0.0.1:8000", {"HTTP_PROXY": "p"}),
        ("http://127.8.8.8:8000", {"HTTP_PROXY": "p"}),
        ("http://[::1]:8000", {"HTTP_PROXY": "p"}),
        ("http://10.1.2.3:8000", {"HTTP_PROXY": "p", "NO_PROXY": "10.1.0.0/16"}),
        ("http://10.1.2.3:8000", {"HTTP_PROXY": "p", "NO_PROXY": "10.1.2.3"}),
        ("http://10.1.2.3:8000", {"HTTP_PROXY": "p", "NO_PROXY": "10.1.2.3:8000"}),
        ("http://[fd00::1]:8000", {"HTTP_PROXY": "p", "NO_PROXY": "[fd00::1]:8000"}),
    ],
)
def test_where_no_proxy_is_meant_none_is_refused(url: str, environ: dict[str, str]) -> None:
    refuse_proxy(custom_endpoint(url, "eu-central-1"), environ)


def test_the_proxys_password_is_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        refuse_proxy(aws_endpoint("eu-central-1"), {"HTTPS_PROXY": "http://me:hush@p"})
    assert "hush" not in str(caught.value)
