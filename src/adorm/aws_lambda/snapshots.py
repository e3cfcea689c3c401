"""SnapStart: what must not be in a snapshot is dropped before it is taken, and what must differ
between its copies is made anew.

https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

logger = logging.getLogger("adorm")

LIBRARY = "snapshot_restore_py"
"""Part of Lambda's Python runtimes."""


def register_hooks(
    before_snapshot: Callable[[], None],
    after_restore: Callable[[], None],
    environ: Mapping[str, str],
) -> bool:
    """Have Lambda call these around a snapshot; False where no snapshot can be taken.

    What they raise is logged: it would make the publishing of a version, or the restored process,
    fail.
    """
    if environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start") != "snap-start":
        return False
    try:
        library: Any = import_module(LIBRARY)
        before, after = library.register_before_snapshot, library.register_after_restore
    except (ImportError, AttributeError):
        return False
    before(_logged(before_snapshot))
    after(_logged(after_restore))
    return True


def reseed() -> None:
    """Fresh numbers for the jitter of retries; each copy of a snapshot would draw the same.

    Ids and tokens (`adorm.uuid7()`, transactions, idempotency, locks) come from the operating
    system each time, which Lambda seeds anew.
    """
    import random

    random.seed()


def _logged(hook: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            hook()
        except Exception:
            logger.exception("a SnapStart hook of adorm failed")

    return run
