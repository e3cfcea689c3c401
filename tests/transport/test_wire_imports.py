"""What the wire loads: nothing of botocore where the environment says everything."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support.loopback import LoopbackServer
from tests.support.plain_http import PlainAnswer, PlainServer

pytestmark = pytest.mark.anyio

CALL = """
import asyncio, json, sys
from adorm.transport.wire.transport import WireTransport

async def main():
    transport = WireTransport()
    await transport.open()
    answer = await transport.send("GetItem", {"Key": {"pk": {"S": "c1"}}})
    await transport.close()
    return answer

answer = asyncio.run(main())
heavy = {"botocore", "aiobotocore", "boto3", "aiohttp", "moto", "requests", "urllib3"}
heavy |= {"email.utils", "http.client"}
print(json.dumps([answer, sorted(heavy & sys.modules.keys())]))
"""


async def run(environ: dict[str, str]) -> list[object]:
    import anyio

    done = await anyio.run_process(
        [sys.executable, "-W", "error", "-c", CALL],
        env=environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
    )
    assert done.stderr == b""
    return list(json.loads(done.stdout))


async def test_credentials_region_and_endpoint_from_the_environment_load_no_botocore() -> None:
    async with LoopbackServer(lambda _operation, body: {"Item": body["Key"]}) as server:
        answer = await run(
            {
                "AWS_ACCESS_KEY_ID": "AKENV",
                "AWS_SECRET_ACCESS_KEY": "s",
                "AWS_SESSION_TOKEN": "token",
                "AWS_REGION": "eu-north-1",
                "AWS_ENDPOINT_URL_DYNAMODB": server.url,
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            }
        )
    assert answer == [{"Item": {"pk": {"S": "c1"}}}, []]
    (request,) = server.requests
    assert "Credential=AKENV/" in request.headers["authorization"]
    assert "/eu-north-1/dynamodb/" in request.headers["authorization"]
    assert request.headers["x-amz-security-token"] == "token"


async def test_credentials_of_a_container_load_no_botocore() -> None:
    credentials = (
        b'{"AccessKeyId": "AKBOX", "SecretAccessKey": "s", "Token": "t", '
        b'"Expiration": "2099-01-01T00:00:00Z"}'
    )
    async with (
        LoopbackServer() as server,
        PlainServer(lambda _: PlainAnswer(credentials)) as container,
    ):
        answer = await run(
            {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{container.url}/creds",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token",
                "AWS_REGION": "eu-north-1",
                "AWS_ENDPOINT_URL_DYNAMODB": server.url,
                "HOME": "/nonexistent",
            }
        )
    assert answer == [{}, []]
    assert len(container.requests) == 1
    (request,) = server.requests
    assert "Credential=AKBOX/" in request.headers["authorization"]
