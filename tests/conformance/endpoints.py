"""The endpoint that a suite is held against: adorm's engine in a process of its own."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

START_WITHIN_S = 30.0
END_WITHIN_S = 10.0
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
    "X-Amz-Date": "20260101T000000Z",
}


class EndpointError(Exception):
    """An endpoint does not start, or does not answer. The text says why."""


@contextmanager
def engine(*options: str) -> Generator[str, None, None]:
    """Start `python -m adorm.memory` on a free port and give its URL, `http://127.0.0.1:PORT`."""
    with served([sys.executable, "-m", "adorm.memory", "--port", "{port}", *options]) as url:
        yield url


@contextmanager
def served(command: Sequence[str]) -> Generator[str, None, None]:
    """Run a server of DynamoDB on a free port, put where `{port}` stands, and give its URL."""
    port = free_port()
    words = [word.replace("{port}", str(port)) for word in command]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            until = time.monotonic() + START_WITHIN_S
            while not answers(url):
                if process.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    said = log.read()[-2000:].decode(errors="replace")
                    raise EndpointError(f"{' '.join(words)} does not answer: {said}")
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(END_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """A port of the loopback address that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def answers(url: str, within_s: float = 5.0) -> bool:
    """Whether ListTables is answered."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=within_s)
    try:
        connection.request("POST", "/", b"{}", HEADERS)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
