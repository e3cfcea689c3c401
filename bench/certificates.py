"""A certificate for localhost and the authority that signed it, made anew for every run."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import trustme


class Written(NamedTuple):
    """Files in PEM."""

    ca: Path
    certificate: Path
    key: Path


def write_certificates(directory: Path) -> Written:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    written = Written(directory / "ca.pem", directory / "certificate.pem", directory / "key.pem")
    authority.cert_pem.write_to_path(str(written.ca))
    written.key.write_bytes(certificate.private_key_pem.bytes())
    written.certificate.write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
    return written
