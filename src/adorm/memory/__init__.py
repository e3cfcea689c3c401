"""A strict DynamoDB inside the process.

`adorm.connect("memory")` uses it, `python -m adorm.memory` serves it over HTTP. An `Engine` of
one's own has options, and several connections may share it:
`adorm.connect(Engine(table_delay_s=2))`.
"""

from adorm.memory.engine import Engine
from adorm.memory.errors import EngineError

__all__ = ["Engine", "EngineError"]
