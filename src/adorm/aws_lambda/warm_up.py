"""What a handler does in Lambda's init phase: it prepares itself, also for a SnapStart snapshot.

What it prepares its first invocation need not do. A failure costs only time: the first invocation
tries again. Before a snapshot, what must not be in it is dropped; after it is restored, what must
differ between its copies is made anew.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, cast

from adorm.aws_lambda.figures import measured
from adorm.database import Database
from adorm.errors import AdormError
from adorm.models import model_info
from adorm.support.printable_text import shown

logger = logging.getLogger("adorm")

WARM_UP_LIMIT_S = 3.0
"""The longest time for credentials and connection. Lambda's init phase has 10 s, in which the
user's module is loaded as well."""

MOST_SHOWN = 300
"""The most characters of an error's message in the log."""
MOST_ERRORS = 3
"""The most errors of a group in the log."""


def inside_lambda(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in Lambda."""
    return "AWS_LAMBDA_FUNCTION_NAME" in environ or "AWS_LAMBDA_INITIALIZATION_TYPE" in environ


def is_entry_point(function: object, environ: Mapping[str, str]) -> bool:
    """Whether Lambda may call this function: False where `_HANDLER`, such as "app.handler" or
    "orders/app.handler", names something else in its module.

    An object, such as a stream handler, may get any name in the module. It is taken for the entry
    point unless the name in `_HANDLER` is defined already.
    """
    module, _, name = environ.get("_HANDLER", "").replace("/", ".").rpartition(".")
    if not module or getattr(function, "__module__", None) != module:
        return True
    if inspect.isfunction(function):
        return function.__name__ == name
    return not hasattr(sys.modules.get(module), name)


def prepare_models(db: Database, models: Sequence[type[Any]]) -> None:
    """Make the metadata and the codec of each model, also of those after one that fails."""
    with measured("models"):
        for each in models:
            try:
                db.codec.prepare(each)
                db.codec.decoder(each)
                model_info(each)
            except AdormError as error:
                logger.warning(
                    "warm-up of %s failed, its first use tries again: %s", each.__name__, error
                )


class WarmUp:
    """Prepares models, credentials and one connection."""

    def __init__(
        self, database: Callable[[], Awaitable[Database]], models: Sequence[type[Any]]
    ) -> None:
        self._database = database
        self._models = models
        self.phase = "it was to begin"
        """The step that is being done, for the log."""

    async def run(self) -> None:
        """Do all steps. An error of a step is raised."""
        self.phase = "connect= made the database"
        db = await self._database()
        self.phase = "models were prepared"
        prepare_models(db, self._models)
        self.phase = "region and credentials were looked up"
        with measured("credentials"):
            await db.open()
        self.phase = "a connection was made"
        with measured("connect"):
            await db.warm_up()


def in_one_line(error: BaseException) -> str:
    """An error in one line, with the place where it was raised: `FileNotFoundError: No such file or
    directory, in connect (app.py:12)`.

    Messages of errors that are neither adorm's nor the system's are left out: they may hold
    secrets.
    """
    name = type(error).__name__
    if isinstance(error, AdormError):
        cause = error.__cause__
        words = f"{name}: {shown(str(error), MOST_SHOWN)}"
        said = cause is None or str(cause) in str(error)
        return words if cause is None or said else f"{words} (caused by {in_one_line(cause)})"
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return (
            f"{name} of {'; '.join(in_one_line(each) for each in group.exceptions[:MOST_ERRORS])}"
        )
    if isinstance(error, OSError) and error.strerror:
        name = f"{name}: {shown(error.strerror, MOST_SHOWN)}"
    elif isinstance(error, ImportError) and error.name:
        name = f"{name} of {shown(error.name)}"
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return name
    code = frame.tb_frame.f_code
    return f"{name}, in {code.co_name} ({code.co_filename.rpartition('/')[2]}:{frame.tb_lineno})"


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
