"""Times that other libraries make: freezegun's, time-machine's, pendulum's, pandas'.

freezegun and time-machine exchange the clock of the whole process, in every module that was
imported, pytest's and hypothesis' among them. So these tests run in a process of their own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).with_name("clocks_of_others.py")


def test_times_of_other_libraries_are_written_read_and_compared() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(TESTS)]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, check=False, cwd=root, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
