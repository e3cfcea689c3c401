"""TLS always verifies."""

from __future__ import annotations

import ssl
from pathlib import Path

import anyio
import pytest

from adorm.errors import ConnectionFailed, UsageError
from tests.support.certificates import Certificates, make_certificates
from tests.support.environment import LOOPS
from tests.support.loopback import Drop, LoopbackServer, Silence
from tests.support.wired import GET, opened

pytestmark = pytest.mark.anyio


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Signed by the same kind of authority, for another host."""
    return make_certificates(
        tmp_path_factory.mktemp("elsewhere"), "dynamodb.eu-central-1.amazonaws.com"
    )


def bundle(certificates: Certificates) -> dict[str, str]:
    return {"AWS_CA_BUNDLE": str(certificates.bundle)}


async def test_an_authority_that_aws_ca_bundle_names_is_trusted(ours: Certificates) -> None:
    async with (
        LoopbackServer(tls=ours.server) as server,
        opened(server, environ=bundle(ours)) as transport,
    ):
        assert server.url.startswith("https://")
        for _ in range(3):
            assert await transport.send("GetItem", GET) == {}
        assert server.connections == 1


class Directory:
    """Stands for the system's directory of authorities."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.read_all = 0
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        paths = ssl.get_default_verify_paths()
        monkeypatch.setattr(
            ssl, "get_default_verify_paths", lambda: paths._replace(capath=str(path))
        )
        load = ssl.SSLContext.load_default_certs

        def counted(context: ssl.SSLContext, *purpose: ssl.Purpose) -> None:
            self.read_all += 1
            load(context, *purpose)

        monkeypatch.setattr(ssl.SSLContext, "load_default_certs", counted)


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Directory:
    return Directory(tmp_path, monkeypatch)


async def test_an_authority_of_the_system_is_read_alone_where_its_name_tells_it(
    ours: Certificates, system: Directory
) -> None:
    (system.path / ours.hashed_name).write_bytes(ours.bundle.read_bytes())
    async with LoopbackServer(tls=ours.server) as server, opened(server) as transport:
        assert await transport.send("GetItem", GET) == {}
        assert system.read_all == 0


async def test_an_authority_that_the_directory_does_not_have_is_found_among_all(
    ours: Certificates, system: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (system.path / "00000000.0").touch()
    async with LoopbackServer(tls=ours.server) as server, opened(server) as transport:
        monkeypatch.setenv("SSL_CERT_FILE", str(ours.bundle))  # OpenSSL reads all from there
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(transport.send, "GetItem", GET)
        assert system.read_all == 1
        assert len(server.requests) == 3


async def test_an_authority_that_is_nowhere_is_refused_after_all_were_read(
    ours: Certificates, system: Directory
) -> None:
    (system.path / "00000000.0").touch()
    async with LoopbackServer(tls=ours.server) as server, opened(server) as transport:
        for _ in range(2):
            with pytest.raises(ConnectionFailed, match="is not trusted"):
                await transport.send("GetItem", GET)
        assert system.read_all == 1
        assert server.requests == []


async def test_all_authorities_are_read_where_the_environment_names_their_file(
    ours: Certificates, system: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (system.path / "00000000.0").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(ours.bundle))
    async with LoopbackServer(tls=ours.server) as server, opened(server) as transport:
        assert system.read_all == 1
        assert await transport.send("GetItem", GET) == {}


async def test_all_authorities_are_read_where_the_directory_does_not_name_them_by_hashes(
    ours: Certificates, system: Directory
) -> None:
    (system.path / ours.hashed_name.replace(".0", ".pem")).touch()
    async with LoopbackServer(tls=ours.server) as server, opened(server):
        assert system.read_all == 1


async def test_an_unknown_authority_is_refused_before_anything_is_sent(
    ours: Certificates, elsewhere: Certificates
) -> None:
    async with LoopbackServer(tls=ours.server) as server:
        for environ in ({}, bundle(elsewhere)):
            async with opened(server, environ=environ) as transport:
                with pytest.raises(
                    ConnectionFailed,
                    match=r"the TLS certificate of .* is not trusted.*AWS_CA_BUNDLE",
                ) as caught:
                    await transport.send("GetItem", GET)
            assert not caught.value.maybe_applied
        assert server.requests == []


async def test_a_certificate_for_another_host_is_refused(elsewhere: Certificates) -> None:
    async with (
        LoopbackServer(tls=elsewhere.server) as server,
        opened(server, environ=bundle(elsewhere)) as transport,
    ):
        with pytest.raises(ConnectionFailed, match=r"not trusted: .*127"):
            await transport.send("GetItem", GET)
        assert server.requests == []


async def test_a_server_without_tls_is_a_failed_connection(ours: Certificates) -> None:
    async with LoopbackServer() as server:
        url = server.url.replace("http://", "https://")
        async with opened(server, endpoint_url=url, environ=bundle(ours)) as transport:
            server.refuse(1)
            with pytest.raises(ConnectionFailed, match="no connection to 127") as caught:
                await transport.send("GetItem", GET)
    assert not caught.value.maybe_applied


async def test_a_handshake_that_never_ends_is_given_up_after_the_connect_timeout(
    ours: Certificates,
) -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with (
        listener,
        LoopbackServer() as server,
    ):  # nobody accepts: the kernel takes the connection, no byte comes back
        options = {
            "endpoint_url": f"https://127.0.0.1:{port}",
            "environ": bundle(ours),
            "connect_timeout_s": 0.1,
        }
        async with opened(server, **options) as transport:
            with pytest.raises(ConnectionFailed, match=r"within 0\.1 s") as caught:
                await transport.send("GetItem", GET)
            assert not caught.value.maybe_applied


async def test_idle_connections_closed_under_tls_are_replaced_without_an_error(
    ours: Certificates,
) -> None:
    async with (
        LoopbackServer(tls=ours.server) as server,
        opened(server, environ=bundle(ours)) as transport,
    ):
        for _ in range(4):
            await transport.send("GetItem", GET)
            server.close_idle()
            await server.all_closed()
        assert server.connections == 4


async def test_faults_and_cancellation_under_tls_leave_the_transport_usable(
    ours: Certificates,
) -> None:
    async with (
        LoopbackServer(tls=ours.server) as server,
        opened(server, environ=bundle(ours), max_connections=1) as transport,
    ):
        server.script("PutItem", Drop("request"), Drop("half the body"), Silence("half the body"))
        for _ in range(2):
            with pytest.raises(ConnectionFailed) as caught:
                await transport.send("PutItem", GET)
            assert caught.value.maybe_applied
        async with anyio.create_task_group() as group:
            group.start_soon(transport.send, "PutItem", GET)
            await server.received(3)
            group.cancel_scope.cancel()
        assert await transport.send("GetItem", GET) == {}


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_bundle_that_cannot_be_read_is_a_usage_error(
    content: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    async with LoopbackServer() as server:
        with pytest.raises(UsageError, match="AWS_CA_BUNDLE"):
            async with opened(
                server, endpoint_url="https://127.0.0.1:1", environ={"AWS_CA_BUNDLE": str(path)}
            ):
                pass
