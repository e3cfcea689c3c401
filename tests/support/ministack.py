"""ministack on 127.0.0.1: a DynamoDB that others wrote (PyPI, MIT), as a second opinion.

    with ministack() as endpoint_url:     # "http://127.0.0.1:PORT": DynamoDB and its streams
        ...

In a session's fixture, start it once and give every test an access key id of twelve digits
(`new_account()`): each is an account of its own with tables of its own. Any secret does, since
signatures are not checked. `MinistackMissing` says that it is not installed: skip, and in CI fail.

It brings many packages and pins some of them, so it lives in an environment of its own: `make
judges` makes `.venv-judges` from constraints-judges.txt. ADORM_JUDGES names another environment.

Its own command listens on all interfaces. Here its application runs under Hypercorn on a socket
that is bound to the loopback address, and its other listeners are off. It ends with the block, and
also when the process that started it dies: it leaves when its standard input ends.
"""

from __future__ import annotations

import http.client
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ENVIRONMENT = Path(__file__).parents[2] / ".venv-judges"
"""Where `make judges` puts it."""

SETTINGS = {
    "SERVICES": "dynamodb,dynamodbstreams",
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    "PERSIST_STATE": "0",
    "LOG_LEVEL": "ERROR",
}

START = """
import asyncio, decimal, importlib, os, socket, sys, threading

# It adds numbers with Python's 28 digits. The service has 38.
decimal.DefaultContext.prec = decimal.getcontext().prec = 38

def leave_with_the_parent():
    sys.stdin.buffer.read()
    os._exit(0)

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(256)
os.environ["GATEWAY_PORT"] = str(listener.getsockname()[1])
threading.Thread(target=leave_with_the_parent, daemon=True).start()
application = importlib.import_module("ministack.app").app
config = importlib.import_module("hypercorn.config").Config()
config.bind = [f"fd://{listener.detach()}"]
config.loglevel = "ERROR"
print(os.environ["GATEWAY_PORT"], flush=True)
asyncio.run(importlib.import_module("hypercorn.asyncio").serve(application, config))
"""
"""What the process runs. It needs ministack alone: its environment does not hold adorm."""

ANSWER_WITHIN_S = 60.0
END_WITHIN_S = 10.0


class MinistackMissing(Exception):
    """ministack is not installed, or does not start. The text says why."""


def judges_python() -> Path:
    """The interpreter of the environment that holds ministack, or MinistackMissing."""
    environment = Path(os.environ.get("ADORM_JUDGES") or ENVIRONMENT)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        hint = "run `make judges`, or name an environment by ADORM_JUDGES"
        raise MinistackMissing(f"there is no {python}: {hint}")
    return python


def new_account() -> str:
    """An access key id of twelve digits: ministack keeps an account of its own for each."""
    return str(random.randrange(10**11, 10**12))


@contextmanager
def ministack() -> Generator[str, None, None]:
    """Start ministack and give its URL once it answers, or raise MinistackMissing."""
    python = judges_python()
    others = ("AWS_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [str(python), "-c", START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=kept | SETTINGS,
        )
        try:
            port = process.stdout.readline().strip() if process.stdout is not None else b""
            if not port.isdigit() or not _answers(int(port)):
                process.kill()
                process.wait()
                log.seek(0)
                said = log.read()[-2000:].decode(errors="replace")
                raise MinistackMissing(f"ministack does not start: {said}")
            yield f"http://127.0.0.1:{int(port)}"
        finally:
            _end(process)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_WITHIN_S)
    try:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.ListTables",
        }
        connection.request("POST", "/", b"{}", headers)
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    """Serve until standard input ends: `python tests/support/ministack.py` prints the URL."""
    with ministack() as endpoint_url:
        print(endpoint_url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
