"""Internal: `python -m adorm.memory` serves the engine over HTTP."""

from __future__ import annotations

from adorm.memory.server.command import main

if __name__ == "__main__":
    raise SystemExit(main())
