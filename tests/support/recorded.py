"""A database in this process whose requests are recorded, with faults and without real waits."""

from __future__ import annotations

import adorm
from adorm.testing import FakeClock, Faults, Recorder


class RecordedDatabase:
    """A database whose requests are recorded, with faults, and with time that stands still."""

    def __init__(self) -> None:
        self.faults, self.recorder, self.clock = Faults(), Recorder(), FakeClock()
        self.db = adorm.connect(
            "memory", wrap=lambda engine: self.recorder(self.faults(engine)), clock=self.clock
        )

    def sent(self) -> list[str]:
        """The operations since the last time."""
        operations = self.recorder.operations
        self.recorder.clear()
        return operations
