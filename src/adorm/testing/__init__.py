"""Tools for tests of code that uses adorm.

Faults on demand, a recorder of requests, a DynamoDB over HTTP, a clock that stands still, and
events of DynamoDB Streams and SQS. The names are listed in `__init__.pyi`.
"""

from adorm.support.lazy_names import lazy_names

__getattr__, __dir__ = lazy_names(__name__)
