"""Opens connections: TCP and TLS, within the connect timeout. TLS always verifies."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable

from adorm.errors import ConnectionFailed, UsageError
from adorm.support.printable_text import reason_of
from adorm.support.records import Record
from adorm.transport.wire.answer_parser import MAX_BODY_BYTES
from adorm.transport.wire.connection import HttpConnection
from adorm.transport.wire.endpoint import Endpoint

HAPPY_EYEBALLS_DELAY_S = 0.25
"""After this time without a connection asyncio tries the host's next address at the same time. RFC
8305 recommends it: https://www.rfc-editor.org/rfc/rfc8305#section-5"""


class Connector(Record):
    """Opens connections to one endpoint. `tls` is None for plain http."""

    loop: asyncio.AbstractEventLoop
    endpoint: Endpoint
    tls: ssl.SSLContext | None
    connect_timeout_s: float
    """For all of it: looking up the name, TCP, TLS."""
    read_timeout_s: float
    max_body_bytes: int = MAX_BODY_BYTES

    async def __call__(self, on_lost: Callable[[HttpConnection], None], /) -> HttpConnection:
        """Open a connection.

        Raises:
            ConnectionFailed: there was none within the limit; `maybe_applied` is False.
        """
        host, port = self.endpoint.host, self.endpoint.port
        connection = HttpConnection(
            self.loop,
            read_timeout_s=self.read_timeout_s,
            on_lost=on_lost,
            max_body_bytes=self.max_body_bytes,
        )
        bound = asyncio.timeout(self.connect_timeout_s)
        try:
            async with bound:
                await self._connect(connection)
                return connection
        except ssl.SSLCertVerificationError as error:
            raise ConnectionFailed(
                f"the TLS certificate of {host}:{port} is not trusted: "
                f"{error.verify_message or reason_of(error)}. If it is signed by an authority of "
                "your own, name that authority's file in AWS_CA_BUNDLE",
                maybe_applied=False,
            ) from error
        except (OSError, UnicodeError) as error:
            if isinstance(error, TimeoutError) and bound.expired():
                connection.abort()
                problem = f"no connection to {host}:{port} within {self.connect_timeout_s:g} s"
                raise ConnectionFailed(problem, maybe_applied=False) from error
            raise ConnectionFailed(
                f"no connection to {host}:{port}: {reason_of(error)}", maybe_applied=False
            ) from error
        except BaseException:
            connection.abort()
            raise

    async def _connect(self, connection: HttpConnection) -> None:
        host, port, loop = self.endpoint.host, self.endpoint.port, self.loop
        if not isinstance(loop, asyncio.BaseEventLoop) or not self._may_have_several():
            # uvloop cannot race addresses: it tries one after the other.
            await loop.create_connection(lambda: connection, host, port, ssl=self.tls)
        elif loop.get_task_factory() is None:
            await loop.create_connection(
                lambda: connection,
                host,
                port,
                ssl=self.tls,
                happy_eyeballs_delay=HAPPY_EYEBALLS_DELAY_S,
            )
        else:
            await self._connect_in_turn(connection)

    async def _connect_in_turn(self, connection: HttpConnection) -> None:
        """Try the host's addresses one after the other, each for its share of the time.

        For loops with a task factory. asyncio races addresses in tasks, and in Python 3.12 and 3.13
        it fails an assertion if the factory starts a task at once, as the eager one does.
        """
        host, port, loop = self.endpoint.host, self.endpoint.port, self.loop
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        ends_s = loop.time() + self.connect_timeout_s
        server_hostname = None if self.tls is None else host
        for left in range(len(addresses), 0, -1):
            share = asyncio.timeout(max(ends_s - loop.time(), 0.0) / left)
            try:
                async with share:
                    address = addresses[-left]
                    await loop.create_connection(
                        lambda: connection,
                        address,
                        port,
                        ssl=self.tls,
                        server_hostname=server_hostname,
                    )
                    return
            except ssl.SSLCertVerificationError:
                raise
            except OSError as error:
                if left == 1 or (isinstance(error, TimeoutError) and not share.expired()):
                    raise
        raise OSError(f"{host} has no address")

    def _may_have_several(self) -> bool:
        """Whether the host may have several addresses. If not, the tasks of a race are saved."""
        return not (
            self.endpoint.host == "localhost"
            or ":" in self.endpoint.host
            or self.endpoint.host[-1].isdigit()
        )


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """A context that verifies certificate and host name.

    Args:
        ca_bundle: the file or directory of the authorities to trust; None: the system's.
    """
    if ca_bundle is None:
        return ssl.create_default_context()
    try:
        if os.path.isdir(ca_bundle):  # noqa: PTH112  # pathlib takes 2 ms to import
            return ssl.create_default_context(capath=ca_bundle)
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"the CA bundle {ca_bundle!r} (AWS_CA_BUNDLE, or ca_bundle of the profile) can't be "
            f"read: {error}"
        ) from error
