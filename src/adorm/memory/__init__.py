"""A strict DynamoDB inside the process.

`adorm.connect("memory")` uses it, and `python -m adorm.memory` serves it over HTTP. Make an
`Engine` yourself to set its options or to share it between connections:
`adorm.connect(Engine(table_delay_s=2))`.
"""

from adorm.memory.engine import Engine
from adorm.memory.errors import EngineError

__all__ = ["Engine", "EngineError"]
