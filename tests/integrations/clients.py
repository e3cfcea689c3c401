"""Starlette's test client with its types: they are those of httpx2, which is not installed."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, cast

import httpx
from fastapi.testclient import TestClient
from starlette.types import ASGIApp


class Client(Protocol):
    """What the tests use of it."""

    def get(
        self, url: str, *, params: Mapping[str, str] = ..., headers: Mapping[str, str] = ...
    ) -> httpx.Response: ...
    def post(self, url: str, *, json: Any = ...) -> httpx.Response: ...
    def put(
        self, url: str, *, json: Any = ..., headers: Mapping[str, str] = ...
    ) -> httpx.Response: ...
    def websocket_connect(self, url: str) -> AbstractContextManager[Any]: ...


def idle_client(app: ASGIApp) -> Client:
    """A client of an application whose lifespan does not run."""
    return cast("Client", TestClient(app))


@contextmanager
def running(app: ASGIApp, *, raises: bool = True) -> Generator[Client]:
    """A client of an application in its lifespan. `raises`: what the application raises comes out
    of the client."""
    with TestClient(app, raise_server_exceptions=raises) as client:
        yield cast("Client", client)
