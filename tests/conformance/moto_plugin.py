"""For pytest when it runs moto's own tests: lets them be collected where `freezegun` is missing.

Only a test that is not `aws_verified` freezes the time, and those are not run here. The tests reach
the engine by AWS_ENDPOINT_URL_DYNAMODB: moto's mock catches requests to AWS's own addresses only,
and so it still answers for STS and for whatever else they ask.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType

import pytest


def freeze_time(*_arguments: object, **_options: object) -> pytest.MarkDecorator:
    return pytest.mark.skip(reason="freezegun is not installed")


if find_spec("freezegun") is None:
    stand_in = ModuleType("freezegun")
    vars(stand_in)["freeze_time"] = freeze_time
    sys.modules["freezegun"] = stand_in
