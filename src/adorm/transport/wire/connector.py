"""Opens connections: TCP and TLS, within the connect timeout. TLS always verifies."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from weakref import WeakSet

from adorm.deadlines import within
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

        def late(timeout: TimeoutError) -> ConnectionFailed:
            failure = ConnectionFailed(
                f"no connection to {host}:{port} within {self.connect_timeout_s:g} s",
                maybe_applied=False,
            )
            failure.__cause__ = timeout
            return failure

        partial = self.tls in _PARTIAL
        try:
            async with within(self.connect_timeout_s, late):
                try:
                    await self._connect(connection)
                except ssl.SSLCertVerificationError:
                    if self.tls is None or not partial:
                        raise
                    _trust_all(self.tls)
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
            share_s = None if left == 1 else max(ends_s - loop.time(), 0.0) / left
            try:
                async with within(share_s, lambda late: late):
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
            except OSError:
                if left == 1:
                    raise
        raise OSError(f"{host} has no address")

    def _may_have_several(self) -> bool:
        """Whether the host may have several addresses. If not, the tasks of a race are saved."""
        return not (
            self.endpoint.host == "localhost"
            or ":" in self.endpoint.host
            or self.endpoint.host[-1].isdigit()
        )


_PARTIAL: WeakSet[ssl.SSLContext] = WeakSet()
"""The contexts that trust only a part of the system's authorities so far."""


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """A context that verifies certificate and host name.

    Reading all authorities of a system takes 35 ms. Where they also lie in a directory by the
    hashes of their names, as on Debian, OpenSSL reads the one that it needs. A certificate that is
    not trusted then is looked at again after all were read: nothing is trusted that would not be
    otherwise.

    Args:
        ca_bundle: the file or directory of the authorities to trust; None: the system's.
    """
    if ca_bundle is None:
        directory = _hashed_authorities()
        if directory is None:
            return ssl.create_default_context()
        context = ssl.create_default_context(capath=directory)
        _PARTIAL.add(context)
        return context
    try:
        if os.path.isdir(ca_bundle):  # noqa: PTH112  # pathlib takes 2 ms to import
            return ssl.create_default_context(capath=ca_bundle)
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"the CA bundle {ca_bundle!r} (AWS_CA_BUNDLE, or ca_bundle of the profile) can't be "
            f"read: {error}"
        ) from error


def _hashed_authorities() -> str | None:
    """The system's directory of authorities, where its files are named by hashes, `5ad8a5d6.0`.

    None where SSL_CERT_FILE names the authorities: they are in that file.
    """
    directory = ssl.get_default_verify_paths().capath
    if not directory or os.environ.get("SSL_CERT_FILE"):
        return None
    try:
        names = os.listdir(directory)  # noqa: PTH208  # the same
    except OSError:
        return None
    return directory if any(len(name) == 10 and name.endswith(".0") for name in names) else None


def _trust_all(context: ssl.SSLContext) -> None:
    """Read all authorities of the system, unless another connection has done so meanwhile."""
    if context in _PARTIAL:
        _PARTIAL.discard(context)
        context.load_default_certs()
