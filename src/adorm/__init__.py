"""adorm: the asyncio-native ORM for Amazon DynamoDB.

`import adorm` loads next to nothing: each public name is imported when it is first asked for, so
that an AWS Lambda function pays only for what it uses. The names are listed in `__init__.pyi`.
"""

from time import monotonic as _monotonic

_import_began_s = _monotonic()  # read by cold_start_report()

from adorm.support.lazy_names import lazy_names as _lazy_names  # noqa: E402  # after the time

__getattr__, __dir__ = _lazy_names(__name__)
