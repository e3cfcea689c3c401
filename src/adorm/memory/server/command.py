"""Internal: `python -m adorm.memory`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import orjson

from adorm.memory.engine import Engine
from adorm.memory.server.clients import client_environment
from adorm.memory.server.server import Server
from adorm.memory.server.service import Service
from adorm.memory.server.signatures import SignatureCheck
from adorm.memory.server.ticker import Ticker

CREDENTIALS = "ADORM_MEMORY_CREDENTIALS"
"""The environment variable with the key pairs that may sign: `ID:SECRET ID:SECRET`."""

EPILOG = f"""\
Each access key id and region has its own tables, so a new key id gets a fresh database. With
--shared all callers share one database. An access key id of twelve digits is also the account
number.

With --check-signatures requests must be signed with one of the key pairs in the environment
variable {CREDENTIALS} ("ID:SECRET ID:SECRET"). Without this variable the key pair
is AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. The server reads secrets only from the
environment, so that no list of processes shows them.
"""

MAX_PORT = 65535

AT_ONCE = "at-once"
"""The value of the table delay with which tables are made at once."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    signatures: SignatureCheck | None = None
    if options.check_signatures:
        secrets = read_secrets(os.environ)
        if not secrets:
            parser.error(
                f"--check-signatures needs {CREDENTIALS},"
                " or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in the environment"
            )
        signatures = SignatureCheck(secrets)
    try:
        engine = Engine(
            wording=options.wording,
            table_delay_s=options.table_delay_s,
            throttle_above=options.throttle_above,
            stream_shards=options.stream_shards,
        )
    except ValueError as error:
        parser.error(str(error))
    try:
        if options.save is not None:
            check_writable(options.save)
        # With --load and --save of one file, the first start finds no file yet.
        if options.load is not None and (options.load != options.save or options.load.exists()):
            load(engine, options.load)
        asyncio.run(_serve(engine, options, signatures))
        if options.save is not None:
            save(engine, options.save)
    except (OSError, ValueError) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    return 0


def load(engine: Engine, path: Path) -> None:
    """Load the tables of a snapshot file into the engine.

    Raises:
        OSError: the file can't be read.
        ValueError: the file is not a snapshot.
    """
    try:
        engine.restore(orjson.loads(path.read_bytes()))
    except ValueError as error:
        raise ValueError(f"{path} is not a snapshot: {error}") from error


def check_writable(path: Path) -> None:
    """Refuse a file that could not be written at the end, before any data can be lost.

    Raises:
        OSError: the path is a folder, or its parent folder is missing or read-only.
    """
    if path.is_dir():
        raise OSError(f"--save {path} is a folder; give the path of a file")
    if not os.access(path.parent, os.W_OK):
        raise OSError(f"--save {path} can't be written: {path.parent} is missing or read-only")


def save(engine: Engine, path: Path) -> None:
    """Write all tables to a file; on failure the earlier file stays.

    Raises:
        OSError: the file can't be written.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(orjson.dumps(engine.snapshot()))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The secret access key by access key id; empty if the environment has none."""
    pairs = [pair.partition(":") for pair in environment.get(CREDENTIALS, "").split()]
    secrets = {access_key_id: secret for access_key_id, _, secret in pairs if secret}
    access_key_id = environment.get("AWS_ACCESS_KEY_ID")
    secret = environment.get("AWS_SECRET_ACCESS_KEY")
    if not secrets and access_key_id and secret:
        secrets[access_key_id] = secret
    return secrets


async def _serve(
    engine: Engine, options: argparse.Namespace, signatures: SignatureCheck | None
) -> None:
    loop = asyncio.get_running_loop()
    stop_requested = asyncio.Event()
    _stop_at_signals(loop, stop_requested.set)
    if options.stop_with_stdin:
        _stop_with_stdin(loop, stop_requested.set)
    server = Server(Service(engine, shared=options.shared, signatures=signatures).answer)
    await server.start(options.host, options.port)
    ticker = None
    if options.ttl_every_s is not None:
        ticker = Ticker(loop, options.ttl_every_s, engine.remove_expired)
    _print_environment(server.endpoint_url, checks_signatures=signatures is not None)
    await stop_requested.wait()
    if ticker is not None:
        ticker.cancel()
    await server.stop()


def _stop_at_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(stop))


def _stop_with_stdin(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Stop when the parent process ends, which closes its end of the pipe."""

    def wait() -> None:
        # Not sys.stdin.read(): its lock would be held when the interpreter ends.
        while os.read(0, 1024):
            pass
        loop.call_soon_threadsafe(stop)

    threading.Thread(target=wait, daemon=True).start()


def _print_environment(endpoint_url: str, *, checks_signatures: bool) -> None:
    lines = ["# DynamoDB in memory; Ctrl-C stops it. For your shell:"]
    for name, value in client_environment(endpoint_url).items():
        if checks_signatures and value == "local":
            continue
        lines.append(f"export {name}={value}")
    if checks_signatures:
        lines.append("# and one of the key pairs that this server knows")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m adorm.memory",
        description="A strict DynamoDB in memory, for any client of DynamoDB in any language.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (%(default)s)"
    )
    parser.add_argument(
        "--port", type=port_number, default=8000, help="0 for any free port (%(default)s)"
    )
    parser.add_argument(
        "--wording",
        choices=("new", "old"),
        default="new",
        help="messages of us-east-1 since June 2026, or of regions with the earlier ones",
    )
    parser.add_argument("--shared", action="store_true", help="one database for all callers")
    parser.add_argument(
        "--table-delay-s",
        type=delay,
        default=0.0,
        metavar="SECONDS",
        help="how long a table stays CREATING, UPDATING or DELETING (%(default)s); with"
        f" '{AT_ONCE}' the answer of CreateTable says ACTIVE already",
    )
    parser.add_argument(
        "--throttle-above",
        type=units,
        metavar="READ,WRITE",
        help="units a second above which a table throttles",
    )
    parser.add_argument(
        "--stream-shards",
        type=int,
        default=1,
        metavar="COUNT",
        help="the number of shards with which a stream begins (%(default)s)",
    )
    parser.add_argument(
        "--ttl-every-s",
        type=seconds,
        metavar="SECONDS",
        help="time between removals of expired items; without it they stay",
    )
    parser.add_argument(
        "--check-signatures", action="store_true", help="refuse requests with a wrong signature"
    )
    parser.add_argument(
        "--load",
        type=Path,
        metavar="FILE",
        help="start with the tables of a snapshot; the file of --save need not exist yet",
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="write a snapshot at the end")
    parser.add_argument(
        "--stop-with-stdin",
        action="store_true",
        help="also stop when standard input ends, for programs that start this one",
    )
    return parser


def port_number(text: str) -> int:
    """Convert to a port, 0 to 65535. argparse shows this function's name in its error message."""
    value = int(text)
    if not 0 <= value <= MAX_PORT:
        raise ValueError(text)
    return value


def seconds(text: str) -> float:
    """Convert to seconds, 0 or more. argparse shows this function's name in its error message."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


def delay(text: str) -> float | None:
    """Convert to seconds, or to None for `at-once`."""
    return None if text == AT_ONCE else float(text)


def units(text: str) -> tuple[float, float]:
    """Convert `READ,WRITE` to two numbers."""
    read, write = map(float, text.split(","))
    return read, write
