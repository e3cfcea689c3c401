"""Internal: serves the engine over HTTP/1.1 to any client of DynamoDB: `python -m adorm.memory`."""

from __future__ import annotations

from adorm.memory.server.limits import Limits
from adorm.memory.server.server import Server
from adorm.memory.server.service import Service
from adorm.memory.server.signatures import SignatureCheck

__all__ = ["Limits", "Server", "Service", "SignatureCheck"]
