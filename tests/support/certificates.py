"""A certificate authority for tests, and a server certificate that it signs."""

from __future__ import annotations

import ssl
from pathlib import Path

import attrs
import trustme


@attrs.frozen
class Certificates:
    """`server` is for a `LoopbackServer`; `bundle` is a file for AWS_CA_BUNDLE."""

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
