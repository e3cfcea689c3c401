"""A certificate authority for tests, and a server certificate that it signs."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import attrs
import trustme
from cryptography import x509


@attrs.frozen
class Certificates:
    """`server` is for a `LoopbackServer`; `bundle` is a file for AWS_CA_BUNDLE.

    `hashed_name` is the name that OpenSSL looks the authority up by in a directory.
    """

    server: ssl.SSLContext
    bundle: Path
    hashed_name: str


def make_certificates(directory: Path, *names: str) -> Certificates:
    """Certificates for these names, by default "localhost" and "127.0.0.1"."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # takes a pyOpenSSL context too
    bundle = directory / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    return Certificates(context, bundle, _hashed_name(authority))


def _hashed_name(authority: trustme.CA) -> str:
    """`5ad8a5d6.0`: a hash of the subject's canonical form, which has its texts in lower case.

    https://docs.openssl.org/3.0/man3/X509_LOOKUP_hash_dir/
    """
    subject = x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject
    canonical = x509.Name(
        [
            x509.NameAttribute(each.oid, " ".join(str(each.value).lower().split()))
            for each in subject
        ]
    ).public_bytes()
    content = canonical[2:]  # without the head of the sequence
    hashed = hashlib.sha1(content).digest()[:4]  # OpenSSL's choice, not for security
    return f"{int.from_bytes(hashed, 'little'):08x}.0"
