"""A transport that sends by the user's aiobotocore or aioboto3 client, with its proxies and hooks.

botocore retries inside such a client, where adorm does not see it, and may apply an update twice
that is not idempotent. Make the client with `AioConfig(retries={"total_max_attempts": 1})`, so that
only adorm retries.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from adorm.dynamodb.operations import operation_of
from adorm.errors import MESSAGE_CHARACTERS, AdormError, ConnectionFailed, ServiceError, UsageError
from adorm.transport.answer_shapes import unreadable_answer
from adorm.transport.base import Answer, Request, Transport
from adorm.transport.credentials.aws_session import TELL_THE_USER
from adorm.transport.errors import misshapen, service_error
from adorm.transport.redaction import presentable
from adorm.transport.wire_values import epoch_seconds, plain_request

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")

NOTHING_WAS_SENT = frozenset({"ConnectTimeoutError", "ProxyConnectionError", "SSLError"})
"""botocore's errors before there is a connection."""

NO_CONNECTION = frozenset({"ClientConnectorError", "ConnectError", "ConnectTimeout"})
"""aiohttp's and httpx's errors before there is a connection.

botocore wraps them as EndpointConnectionError, and also the reset of a connection after the request
was sent, so the inner error decides.
"""

REFUSED_BEFORE_SENDING = frozenset(
    {
        "ParamValidationError",
        "ValidationError",
        "MissingParametersError",
        "NoRegionError",
        "BaseEndpointResolverError",
        "EndpointProviderError",
    }
)
"""botocore's errors for a request or a configuration that it does not send."""


class ClientTransport(Transport):
    """Sends by an entered client: `async with session.create_client("dynamodb") as client`.

    The caller opens and closes the client.

    Raises:
        UsageError: it is not such a client.
    """

    def __init__(self, client: object) -> None:
        _check(client)
        self._client = client
        self._metadata: object = None
        self._methods: dict[str, Callable[..., Awaitable[Any]]] = {}
        self._one_attempt = _total_max_attempts(client) == 1

    @property
    def region(self) -> str | None:
        """The region that the client signs for."""
        return getattr(getattr(self._client, "meta", None), "region_name", None)

    @property
    def endpoint_url(self) -> str | None:
        """Where the client sends requests."""
        return getattr(getattr(self._client, "meta", None), "endpoint_url", None)

    def last_request_id(self) -> str | None:
        found = _member(self._metadata, "RequestId")
        return found if isinstance(found, str) else None

    async def send(self, operation: str, request: Request, /, *_: object) -> Answer:
        """See `Transport.send`. `B` values come back as `bytes`, timestamps as seconds since
        1970."""
        method = self._method(operation)
        try:
            received: object = await method(**plain_request(request))
        except Exception as error:
            raise self._translated(error, operation, request) from error
        self._metadata = _member(received, "ResponseMetadata")
        return _read(received, operation)

    def _method(self, operation: str) -> Callable[..., Awaitable[Any]]:
        method = self._methods.get(operation)
        if method is None:
            name = _CAPITAL.sub("_", operation).lower()
            found = getattr(self._client, name, None)
            if not callable(found):
                raise UsageError(
                    f"{operation}: the client has no method {name}; a newer aiobotocore may have it"
                )
            method = self._methods[operation] = cast("Callable[..., Awaitable[Any]]", found)
        return method

    def _translated(self, error: Exception, operation: str, request: Request) -> AdormError:
        """adorm's error for botocore's, found by its class's name: botocore is not imported."""
        if isinstance(error, AdormError):
            return error
        names = {kind.__name__ for kind in type(error).__mro__}
        response = getattr(error, "response", None)
        if "ClientError" in names and isinstance(response, Mapping):
            return _refused(cast("Mapping[str, Any]", response), operation, request)
        if names & REFUSED_BEFORE_SENDING:
            return UsageError(
                f"{operation}: refused by the client before anything was sent: {error}"
            )
        if names & TELL_THE_USER:
            return UsageError(f"{operation}: no AWS credentials: {error}")
        if names & {"CredentialRetrievalError", "TokenRetrievalError", "MetadataRetrievalError"}:
            problem = f"AWS credentials could not be fetched: {error}"
            return self._failed(problem, operation, sent=False)
        if names & {"ConnectionError", "HTTPClientError"}:
            below = getattr(error, "kwargs", {}).get("error")
            below_names = {kind.__name__ for kind in type(below).__mro__}
            sent = not (names & NOTHING_WAS_SENT or below_names & NO_CONNECTION)
            cause = f" ({type(below).__name__})" if below is not None else ""
            return self._failed(f"{error}{cause}", operation, sent=sent)
        problem = f"the answer can't be read, the client raised {type(error).__name__}: {error}"
        return self._failed(problem, operation, sent=True)

    def _failed(self, problem: str, operation: str, *, sent: bool) -> ConnectionFailed:
        # If botocore retries, an attempt before the one that it reports may have been applied.
        return ConnectionFailed(
            problem, maybe_applied=sent or not self._one_attempt, operation=operation
        )


def _check(client: object) -> None:
    modules = {kind.__module__ for kind in type(client).__mro__}
    name = f"{type(client).__module__}.{type(client).__qualname__}"
    if not hasattr(client, "get_item"):
        if hasattr(client, "__aenter__"):
            raise UsageError(
                "client= takes an entered client, the one that `async with ... as client` gives, "
                f"not the {name} around it"
            )
        raise UsageError(f"client= takes a DynamoDB client of aiobotocore or aioboto3, not {name}")
    if "botocore.client" in modules and "aiobotocore.client" not in modules:
        raise UsageError(
            f"client= takes a client of aiobotocore or aioboto3: {name} would block the event loop"
        )
    if hasattr(client, "table_name"):
        raise UsageError(
            f"client= takes a client, not the table resource {name}: session.client('dynamodb') "
            "makes one"
        )


def _total_max_attempts(client: object) -> int | None:
    config = getattr(getattr(client, "meta", None), "config", None)
    retries: object = getattr(config, "retries", None)
    if not isinstance(retries, Mapping):
        return None
    return cast("Mapping[str, int | None]", retries).get("total_max_attempts")


def _refused(
    response: Mapping[str, Any], operation: str, request: Request
) -> ServiceError | ConnectionFailed:
    about: Mapping[str, Any] = response.get("Error", {})
    metadata: Mapping[str, Any] = response.get("ResponseMetadata", {})
    body = {
        "__type": about.get("Code"),
        "message": presentable(str(about.get("Message") or ""), (), request, MESSAGE_CHARACTERS),
        "Item": response.get("Item"),
        "CancellationReasons": response.get("CancellationReasons"),
    }
    if (problem := misshapen(body)) is not None:
        return ConnectionFailed(
            f"the error answer can't be read: {problem}", maybe_applied=True, operation=operation
        )
    error = service_error(
        body,
        operation=operation,
        status=metadata.get("HTTPStatusCode"),
        request_id=metadata.get("RequestId"),
    )
    # If botocore sent the request more than once, only the last attempt was certainly refused.
    error.maybe_applied = bool(metadata.get("RetryAttempts"))
    return error


def _member(received: object, name: str) -> object:
    return cast("Answer", received).get(name) if isinstance(received, dict) else None


def _read(received: object, operation: str) -> Answer:
    if inspect.isawaitable(received) or not isinstance(received, dict):
        raise ConnectionFailed(
            f"the client answered with {type(received).__name__}, not a dict",
            maybe_applied=True,
            operation=operation,
        )
    answer = dict(cast("Answer", received))
    metadata: object = answer.pop("ResponseMetadata", None)
    if not answer and isinstance(metadata, Mapping):
        headers: Mapping[str, str] = cast("Mapping[str, Any]", metadata).get("HTTPHeaders") or {}
        length = headers.get("content-length", "2")
        if length.strip() != "2":  # `{}`
            problem = f"its {length} bytes with status 200 are not DynamoDB's JSON"
            raise unreadable_answer(operation, problem)
    # botocore returns a body that it can't read as an answer that holds nothing.
    known = operation_of(operation)
    needed = known.answer_member
    if needed is not None and needed not in answer:
        raise unreadable_answer(operation, f"status 200 without {needed}")
    if not known.on_items:
        return cast("Answer", epoch_seconds(answer))
    return answer
