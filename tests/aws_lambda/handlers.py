"""The type of the fixture `made`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adorm.lambda_runtime import LambdaHandler

Made = Callable[..., "LambdaHandler[Any, Any, Any]"]
