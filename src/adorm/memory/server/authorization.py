"""Internal: reads who sent a request. `signatures` checks whether this is true.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple
from urllib.parse import parse_qsl

from adorm.memory.errors import EngineError
from adorm.memory.server.messages import HttpRequest

QUERY_PARAMETERS = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
)
BOTH = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."


class Authorization(NamedTuple):
    """The signature data of a request, from its header `Authorization` or its query string."""

    algorithm: str
    credential: str
    """The access key id and the scope: `AKID/20261121/eu-central-1/dynamodb/aws4_request`."""
    signed_headers: str
    """The names of the signed headers, such as `host;x-amz-date`."""
    signature: str
    date: str
    """`20261121T083000Z`; in the header `Date` also `Sat, 21 Nov 2026 08:30:00 GMT`."""
    in_query: bool


class Caller(NamedTuple):
    """The account and region whose tables a request uses."""

    account: str
    """Twelve digits."""
    region: str


def read_authorization(request: HttpRequest) -> Authorization:
    """Read the signature data of a request.

    Raises:
        EngineError: the request is not signed, or a part of the signature is missing.
    """
    header = request.headers.get(b"authorization", b"").decode("latin-1").strip()
    if b"X-Amz-Algorithm" in request.target:
        query = dict(parse_qsl(_query(request.target), keep_blank_values=True))
        if "X-Amz-Algorithm" in query:
            if header:
                raise EngineError("InvalidSignatureException", BOTH)
            return _from_query(query)
    if not header.startswith("AWS4-"):
        raise EngineError(
            "MissingAuthenticationTokenException", "Request is missing Authentication Token"
        )
    return _from_header(header, request.headers)


def _query(target: bytes) -> str:
    return target.decode("latin-1").partition("?")[2]


def _from_query(query: dict[str, str]) -> Authorization:
    missing = [name for name in QUERY_PARAMETERS if not query.get(name)]
    if missing:
        faults = "".join(f"AWS query-string parameters must include '{name}'. " for name in missing)
        raise EngineError(
            "IncompleteSignatureException", f"{faults}Re-examine the query-string parameters."
        )
    algorithm, credential, signature, signed_headers, date = (
        query[name] for name in QUERY_PARAMETERS
    )
    return Authorization(algorithm, credential, signed_headers, signature, date, in_query=True)


def _from_header(header: str, headers: dict[bytes, bytes]) -> Authorization:
    algorithm, *parts = header.replace(",", " ").split()
    members = {name: value for name, _, value in (part.partition("=") for part in parts)}
    date = headers.get(b"x-amz-date") or headers.get(b"date")
    credential, signature = members.get("Credential"), members.get("Signature")
    signed_headers = members.get("SignedHeaders")
    if credential and signature and signed_headers and date:
        return Authorization(
            algorithm,
            credential,
            signed_headers,
            signature,
            date.decode("latin-1"),
            in_query=False,
        )
    faults = "".join(
        f"Authorization header requires '{name}' parameter. "
        for name in ("Credential", "Signature", "SignedHeaders")
        if not members.get(name)
    )
    if not date:
        faults += (
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        )
    raise EngineError("IncompleteSignatureException", f"{faults}Authorization={header}")


SHARED = Caller("000000000000", "us-east-1")
"""The one database of all callers with `--shared`."""

KNOWN_CALLERS = 1000
"""The number of callers whose account is cached."""


class Callers:
    """Finds the account and region whose tables a request uses."""

    def __init__(self, *, shared: bool, default_region: str) -> None:
        self._shared = shared
        self._default_region = default_region
        self._known: dict[str, Caller] = {}

    def find(self, credential: str) -> Caller:
        """Return the account and region of a credential.

        A credential is `AKID/20261121/eu-central-1/dynamodb/aws4_request`. Nothing in it is
        checked. Without a region the default one is used.
        """
        if self._shared:
            return SHARED
        found = self._known.get(credential)
        if found is None:
            if len(self._known) >= KNOWN_CALLERS:
                self._known.clear()
            found = self._known[credential] = self._read(credential)
        return found

    def _read(self, credential: str) -> Caller:
        access_key_id, *scope = credential.split("/")
        region = scope[1] if len(scope) == 4 else ""
        if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", region):
            region = self._default_region
        return Caller(account_of(access_key_id), region)


def account_of(access_key_id: str) -> str:
    """The account of an access key id.

    It is the id itself if this is twelve digits, else twelve digits made of the id.
    """
    if re.fullmatch(r"[0-9]{12}", access_key_id):
        return access_key_id
    digest = hashlib.sha256(access_key_id.encode()).digest()
    return f"{int.from_bytes(digest[:8]) % 10**12:012d}"
