"""An example service in a process of its own, which prints its figures for `service_load.py`.

    python bench/service_server.py fastapi|aiohttp

It prints `{"port": ...}`. To each line `["stats"]` it answers with its figures; at the end of its
input it stops.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from processes import HERE

SAMPLE_S = 0.02


class Errors(logging.Handler):
    """Keeps what is logged as an error, by its first line."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: dict[str, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        text = f"{record.name}: {kind} {record.getMessage().splitlines()[0]}"[:200]
        self.seen[text] = self.seen.get(text, 0) + 1


@asynccontextmanager
async def fastapi(app: Any) -> AsyncGenerator[tuple[int, Any]]:
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(app.app, port=0, log_config=None, access_log=False, loop="none")
    )
    serving = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110  # it tells nobody
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1], app.app.state.adorm_database
    server.should_exit = True
    await serving


@asynccontextmanager
async def aiohttp(app: Any) -> AsyncGenerator[tuple[int, Any]]:
    """With `handler_cancellation`: a client that goes away cancels its request wherever that is."""
    from aiohttp import web

    from adorm.integrations.aiohttp import DATABASE

    application = app.application()
    runner = web.AppRunner(application, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1], application[DATABASE]
    await runner.cleanup()


def stats(pool: Any, most: dict[str, int], errors: Errors) -> dict[str, Any]:
    gc.collect()
    return {
        "tasks": len(asyncio.all_tasks()),
        "fds": len(list(Path("/proc/self/fd").iterdir())),
        "rss_mib": round(
            int(Path("/proc/self/statm").read_text().split()[1])
            * os.sysconf("SC_PAGE_SIZE")
            / 2**20,
            1,
        ),
        "pool": {
            "open": len(pool._open),
            "busy": pool._slots - len(pool._idle),
            "waiting": len(pool._waiters),
        },
        "most": dict(most),
        "logged": errors.seen,
    }


async def main(name: str) -> None:
    errors = Errors()
    logging.basicConfig(level=logging.WARNING, handlers=[errors])
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: logging.getLogger("loop").error("%s", context["message"])
    )
    sys.path.insert(0, str(HERE.parent))
    app = import_module(f"examples.{name}_service.app")
    most = {"connections": 0, "waiting": 0, "tasks": 0}

    async def sample(pool: Any) -> None:
        while True:
            most["connections"] = max(most["connections"], len(pool._open), pool._slots)
            most["waiting"] = max(most["waiting"], len(pool._waiters))
            most["tasks"] = max(most["tasks"], len(asyncio.all_tasks()))
            await asyncio.sleep(SAMPLE_S)

    async with {"fastapi": fastapi, "aiohttp": aiohttp}[name](app) as (port, db):
        pool: Any = db._calls.transport._pool
        sampling = asyncio.ensure_future(sample(pool))
        tell({"port": port})
        while await asyncio.to_thread(sys.stdin.readline):
            tell(stats(pool, most, errors))
        sampling.cancel()


def tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
