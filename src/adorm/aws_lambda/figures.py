"""How long a cold start took, phase by phase, and what the process holds in memory."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal, NamedTuple, get_args

Phase = Literal["interpreter", "imports", "models", "credentials", "connect", "first_call"]
"""The phases of a start, in the order of `ColdStartReport`."""

MIB = 1024 * 1024


class ColdStartReport(NamedTuple):
    """What the first answer of this process waited for, in seconds.

    None stands for a phase that did not happen, or is not over.

    Of several Lambda handlers in a process, the first that came to a phase counts. Without a
    warm-up, models, credentials and the connection are part of the first call.
    """

    interpreter_s: float | None
    """From the start of the process until `import adorm` began: Python, Lambda's runtime, what your
    module imports before. From /proc/self/stat, to a hundredth of a second; None where there is
    none, as on macOS."""
    imports_s: float | None
    """From `import adorm` until `@adorm.lambda_handler` had its function: the rest of your module,
    its imports and models."""
    models_s: float | None
    """Metadata and codecs of `models=`, in the warm-up."""
    credentials_s: float | None
    """Region, endpoint, credentials and TLS authorities, in the warm-up."""
    connect_s: float | None
    """One connection: name lookup, TCP, TLS; in the warm-up."""
    first_call_s: float | None
    """The first invocation, from its beginning to its end, whatever came of it."""

    @property
    def total_s(self) -> float:
        """All phases that happened."""
        return sum(seconds for seconds in self if seconds is not None)


class MemoryStats(NamedTuple):
    """What this process holds in memory now. None where the platform does not tell."""

    rss_bytes: int | None
    """Resident now."""
    peak_rss_bytes: int | None
    """The most that was resident at a time since the process began: what Lambda reports as "Max
    Memory Used", nearly."""
    limit_bytes: int | None
    """What the Lambda function may use, by AWS_LAMBDA_FUNCTION_MEMORY_SIZE; None outside Lambda."""
    python_objects: int
    """Containers that the garbage collector knows of: dicts, lists, instances; counting them takes
    milliseconds."""
    python_blocks: int
    """Blocks of memory that Python has allocated: about one for each object of any kind."""


_seconds: dict[Phase, float] = {}


def note(phase: Phase, seconds: float) -> None:
    """A phase took so long; of each phase the first counts."""
    _seconds.setdefault(phase, seconds)


@contextmanager
def measured(phase: Phase) -> Generator[None, None, None]:
    """Note how long the block takes, if it succeeds."""
    began_s = time.monotonic()
    yield
    note(phase, time.monotonic() - began_s)


def note_imports() -> None:
    """The module of the handler has come to its decorator."""
    if "imports" not in _seconds and (began_s := _import_began_s()) is not None:
        note("imports", time.monotonic() - began_s)
        _note_interpreter(began_s)


def is_first_call() -> bool:
    """No invocation has been noted yet."""
    return "first_call" not in _seconds


def forget_phases() -> None:
    """As if the process had just begun; for tests."""
    _seconds.clear()


def cold_start_report() -> ColdStartReport:
    """How long each phase of this process's start took, in seconds. See `ColdStartReport` for the
    phases.

    May be asked at any time, without a Lambda handler too.
    """
    if (began_s := _import_began_s()) is not None:
        _note_interpreter(began_s)
    return ColdStartReport(*map(_seconds.get, get_args(Phase)))


def memory_stats() -> MemoryStats:
    """What this process holds in memory now, in bytes and in objects. See `MemoryStats` for the
    figures."""
    rss_bytes, peak_rss_bytes = _resident()
    limit = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    return MemoryStats(
        rss_bytes,
        peak_rss_bytes,
        int(limit) * MIB if limit.isdecimal() else None,
        len(gc.get_objects()),
        sys.getallocatedblocks(),
    )


def _import_began_s() -> float | None:
    began_s: object = getattr(sys.modules.get("adorm"), "_import_began_s", None)
    return began_s if isinstance(began_s, float) else None


def _note_interpreter(import_began_s: float) -> None:
    if "interpreter" not in _seconds and (age_s := _process_age_s()) is not None:
        note("interpreter", max(0.0, age_s - (time.monotonic() - import_began_s)))


def _process_age_s() -> float | None:
    try:
        # pathlib takes longer to import than this to run
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123
            fields = file.read().rpartition(b")")[2].split()
        started_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started_s
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def _resident() -> tuple[int | None, int | None]:
    # Not getrusage's maxrss where there is a choice: a process inherits that of its parent.
    try:
        with open("/proc/self/status", "rb") as file:  # noqa: PTH123  # as above
            lines = dict(
                line.split(b":", 1) for line in file if line.startswith((b"VmRSS", b"VmHWM"))
            )
        return int(lines[b"VmRSS"].split()[0]) * 1024, int(lines[b"VmHWM"].split()[0]) * 1024
    except (OSError, ValueError, IndexError, KeyError):
        pass
    try:
        import resource
    except ImportError:
        return None, None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return None, peak if sys.platform == "darwin" else peak * 1024
