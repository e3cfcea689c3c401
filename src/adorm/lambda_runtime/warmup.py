"""What a function does in Lambda's init phase, so that its first invocation need not; a failure costs nothing but the time.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from adorm.database import Database
from adorm.errors import AdormError
from adorm.lambda_runtime.figures import measured
from adorm.models import model_info

logger = logging.getLogger("adorm")

WARM_UP_LIMIT_S = 3.0
"""For credentials and connection. Lambda's init phase has 10 s, in which your own module is loaded as well."""


def inside_lambda(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in Lambda."""
    return "AWS_LAMBDA_FUNCTION_NAME" in environ or "AWS_LAMBDA_INITIALIZATION_TYPE" in environ


def is_entry_point(function: object, environ: Mapping[str, str]) -> bool:
    """False where `_HANDLER`, "app.handler" or "orders/app.handler", names something else in the function's module.

    An object, such as a stream handler, may get any name in the module: it counts, unless what `_HANDLER` names is there already.
    """
    module, _, name = environ.get("_HANDLER", "").replace("/", ".").rpartition(".")
    if not module or getattr(function, "__module__", None) != module:
        return True
    if inspect.isfunction(function):
        return function.__name__ == name
    return not hasattr(sys.modules.get(module), name)


def prepare_models(db: Database, models: Sequence[type[Any]]) -> None:
    """Metadata and codecs, each even where another fails."""
    with measured("models"):
        for each in models:
            try:
                db.codec.prepare(each)
                db.codec.decoder(each)
                model_info(each)
            except AdormError as error:
                logger.warning("warm-up of %s failed, its first use tries again: %s", each.__name__, error)


async def warm_up(database: Callable[[], Awaitable[Database]], models: Sequence[type[Any]]) -> None:
    """Models, credentials, one connection; raises what fails."""
    db = await database()
    prepare_models(db, models)
    with measured("credentials"):
        await db.open()
    with measured("connect"):
        await db.warm_up()
