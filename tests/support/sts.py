"""STS on 127.0.0.1: it checks requests as STS does, and gives credentials named by account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import attrs

from adorm.clock import SYSTEM_CLOCK, Clock
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.wire.sigv4 import signed_headers
from tests.support.plain_http import PlainAnswer, PlainRequest, PlainServer

SECRET = "PLANTED-SECRET"
EXTERNAL_ID = "PLANTED-SECRET-EXTERNAL"
BASE = Credentials("AKBASE", f"{SECRET}-BASE", f"{SECRET}-BASE-TOKEN")
XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'


def role(account: int, name: str = "orders") -> str:
    return f"arn:aws:iam::{account:012}:role/{name}"


def fault(code: str, message: str = "so it is", status: int = 400) -> PlainAnswer:
    body = (
        f"<ErrorResponse {XMLNS}><Error><Type>Sender</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(message)}</Message></Error>"
        "<RequestId>LOOPBACK</RequestId></ErrorResponse>"
    )
    return PlainAnswer(body.encode(), status, {"Content-Type": "text/xml"})


def granted(key_id: str, expiration: str) -> PlainAnswer:
    body = (
        f"<AssumeRoleResponse {XMLNS}>\n  <AssumeRoleResult>\n"
        "    <AssumedRoleUser><Arn>arn</Arn></AssumedRoleUser>\n    <Credentials>"
        f"<AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{SECRET}-{key_id}</SecretAccessKey>"
        f"<SessionToken>{SECRET}-TOKEN-{key_id}</SessionToken><Expiration>{expiration}</Expiration>"
        "</Credentials></AssumeRoleResult>"
        "<ResponseMetadata><RequestId>LOOPBACK</RequestId></ResponseMetadata></AssumeRoleResponse>"
    )
    return PlainAnswer(body.encode(), 200, {"Content-Type": "text/xml"})


@attrs.frozen
class AssumeRoleCall:
    """One AssumeRole as it came."""

    role_arn: str
    external_id: str | None
    session_name: str
    duration_s: int
    key_id: str
    """The access key id of the caller."""


class FakeSts:
    """Grants every role for the requested time, with keys AK<account>-1, AK<account>-2 ...

    `answers[role_arn]` gives another answer, None for silence, or is a function of the request;
    `calls` holds the requests.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self.server = PlainServer(self._answer)
        self.calls: list[AssumeRoleCall] = []
        self.answers: dict[
            str, PlainAnswer | Callable[[AssumeRoleCall], PlainAnswer | None] | None
        ] = {}
        self._clock = clock
        self._granted: dict[str, int] = {}
        self._seen: set[int] = set()

    @property
    def url(self) -> str:
        return self.server.url

    def calls_for(self, role_arn: str) -> int:
        return sum(call.role_arn == role_arn for call in self.calls)

    def _answer(self, asked: PlainRequest) -> PlainAnswer | None:
        form = {
            name: values[0]
            for name, values in parse_qs(asked.body.decode(), strict_parsing=True).items()
        }
        assert (asked.method, form["Action"], form["Version"]) == (
            "POST",
            "AssumeRole",
            "2011-06-15",
        )
        key_id = asked.headers["authorization"].partition("Credential=")[2].partition("/")[0]
        call = AssumeRoleCall(
            form["RoleArn"],
            form.get("ExternalId"),
            form["RoleSessionName"],
            int(form["DurationSeconds"]),
            key_id,
        )
        if id(asked) not in self._seen:  # not asked again by `answer_all`
            self._seen.add(id(asked))
            self.calls.append(call)
        if call.role_arn in self.answers:
            answer = self.answers[call.role_arn]
            answered = answer(call) if callable(answer) else answer
            if answered != GRANT:
                return answered
        account = call.role_arn.split(":")[4].lstrip("0")
        number = self._granted[account] = self._granted.get(account, 0) + 1
        end = self._clock.now() + timedelta(seconds=call.duration_s)
        return granted(f"AK{account}-{number}", end.strftime("%Y-%m-%dT%H:%M:%SZ"))


GRANT = PlainAnswer(b"grant it")
"""A function in `answers` returns it for the usual answer."""


def expected_headers(
    asked: PlainRequest, base: Credentials, region: str, epoch_s: float
) -> dict[str, str]:
    """The headers of a correctly signed request."""
    return signed_headers(
        base,
        region=region,
        service="sts",
        host=asked.headers["host"],
        path=asked.target,
        headers={"content-type": asked.headers["content-type"]},
        body=asked.body,
        epoch_s=epoch_s,
    )
