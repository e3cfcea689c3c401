"""ministack on 127.0.0.1: a DynamoDB that others wrote (PyPI, MIT), as a second opinion on what a test expects.

    with ministack() as endpoint_url:          # "http://127.0.0.1:PORT", DynamoDB and its streams
        ...

How to use it in a session's fixture: start it once, and give every test an access key id of twelve digits
(`new_account()`), which is an account of its own with tables of its own. Any secret does; signatures are not checked.

    @pytest.fixture(scope="session")
    def ministack_url() -> Iterator[str]:
        with ministack() as endpoint_url:      # MinistackMissing where it is not installed: skip, and in CI fail
            yield endpoint_url

ministack brings many packages and pins some of them, so it lives in an environment of its own: `make judges` makes
`.venv-judges` from constraints-judges.txt. `ADORM_JUDGES=/path/to/an/environment` names another one.

It listens on all interfaces when it is started by its own command. Here its application runs under Hypercorn on a
socket that is bound to the loopback address, and its other listeners are off. It ends with the block, and also when
the process that started it dies: it reads its standard input and leaves at the end of it.
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
import asyncio, importlib, os, socket, sys, threading

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
"""What the process runs. It needs nothing but ministack, so it can run in an environment without adorm."""

ANSWER_WITHIN_S = 60.0
END_WITHIN_S = 10.0


class MinistackMissing(Exception):
    """ministack is not installed, or does not start. The text says why."""


def judges_python() -> Path:
    """The interpreter of the environment that holds ministack. Raises MinistackMissing where there is none."""
    environment = Path(os.environ.get("ADORM_JUDGES") or ENVIRONMENT)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        raise MinistackMissing(f"there is no {python}: run `make judges`, or name an environment by ADORM_JUDGES")
    return python


def new_account() -> str:
    """An access key id of twelve digits: ministack keeps an account of its own for each."""
    return str(random.randrange(10**11, 10**12))


@contextmanager
def ministack() -> Generator[str, None, None]:
    """Start ministack and give its URL once it answers. Raises MinistackMissing where it is not installed or does not start."""
    python = judges_python()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))} | SETTINGS
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [str(python), "-c", START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
        )
        try:
            port = process.stdout.readline().strip() if process.stdout is not None else b""
            if not port.isdigit() or not _answers(int(port)):
                process.kill()
                process.wait()
                log.seek(0)
                raise MinistackMissing("ministack does not start: " + log.read()[-2000:].decode(errors="replace"))
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
