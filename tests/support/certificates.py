"""An authority of our own, and a server certificate for this machine that it signs."""

from __future__ import annotations

import ssl
from pathlib import Path

import attrs
import trustme


@attrs.frozen
class Certificates:
    """`server` for a `LoopbackServer`; `bundle` is the file that AWS_CA_BUNDLE would name."""

    server: ssl.SSLContext
    bundle: Path


def make_certificates(directory: Path, *names: str) -> Certificates:
    """Certificates for these names, by default "localhost" and "127.0.0.1"."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # takes a pyOpenSSL context too
    bundle = directory / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    return Certificates(context, bundle)
