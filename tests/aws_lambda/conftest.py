"""Handlers on a database that nothing is sent by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import adorm
from adorm.lambda_runtime import LambdaHandler
from tests.aws_lambda.handlers import Made


@pytest.fixture
def made() -> Iterator[Made]:
    """Makes handlers on a database that nothing is sent by, and closes them."""
    handlers: list[LambdaHandler[Any, Any, Any]] = []

    def make(function: Any, **options: Any) -> LambdaHandler[Any, Any, Any]:
        options = {
            "connect": {"region": "eu-central-1", "endpoint_url": "http://127.0.0.1:1"},
            **options,
        }
        handlers.append(adorm.lambda_handler(**options)(function))
        return handlers[-1]

    yield make
    for handler in handlers:
        handler.close()
