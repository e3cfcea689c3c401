"""The suites: how each one is run against an endpoint, and where it leaves its results.

Their code is never part of this repository. A folder holds them side by side, each under the name
of its repository, as its own page says to install it:

    dynamodb-conformance/   github.com/nubo-db/dynamodb-conformance (MIT), after `npm install`
    dynalite/               github.com/architect/dynalite (Apache-2.0), after `npm install`
    moto/                   github.com/getmoto/moto (Apache-2.0), a checkout
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from tests.conformance.results import Results, read_junit, read_mocha, read_vitest

HERE = Path(__file__).parent


@attrs.frozen
class Run:
    """One run to come: where, against what, and the file for its results."""

    folder: Path
    endpoint_url: str
    python: str
    """The interpreter that runs suites written in Python."""
    report: Path


@attrs.frozen
class Suite:
    """A suite that others wrote."""

    name: str
    """Also its folder's."""
    wording: str
    """The wording of messages that its tests expect: "old" or "new"."""
    command: Callable[[Run], list[str]]
    environment: Callable[[Run], Mapping[str, str]]
    read: Callable[[Path, Path], Results]
    at_least: int
    """How many tests a run must have: fewer means that it broke off."""
    timeout_s: float
    needs: str
    """A file or folder below the suite's own that is there only after it was installed."""
    options: tuple[str, ...] = ()
    """Further options of `python -m adorm.memory`."""


def clean_environment() -> dict[str, str]:
    """This process's environment without what is AWS's or Python's, and made-up credentials."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PYTHON", "PYTEST", "MOTO_"))
    }
    return kept | {
        "AWS_ACCESS_KEY_ID": "conformance",
        "AWS_SECRET_ACCESS_KEY": "conformance",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
    }


def vitest(run: Run) -> list[str]:
    """Its configuration has it run one file after the other."""
    return ["npx", "--no-install", "vitest", "run", "--reporter=json", f"--outputFile={run.report}"]


def mocha(run: Run) -> list[str]:
    """All but one test: BatchGetItem answers up to 16 MB today, and the test expects 1 MB.

    It leaves 1.5 MB of items behind where it fails, and forty tests after it read one page only.
    """
    stale = "should return many unprocessed items if very over the limit"
    return [
        *("npx", "--no-install", "mocha", "--require", "should", "--fgrep", stale, "--invert"),
        *("--require", str(HERE / "dynalite_stand_in.cjs"), "--timeout", "20s", "--exit"),
        *("--reporter", "json", "--reporter-option", f"output={run.report}"),
    ]


def moto_pytest(run: Run) -> list[str]:
    """The tests that were run on AWS. Left out: those of import, export and resource policies.

    `test_server.py` is about moto's own server, and not one of its tests was run on AWS.
    """
    left_out = (
        "dynamodb_export_table",
        "dynamodb_import_table",
        "dynamodb_resource_policy",
        "server",
    )
    return [
        *(
            run.python,
            "-m",
            "pytest",
            "-q",
            "--color=no",
            "-p",
            "no:cacheprovider",
            "-p",
            "moto_plugin",
        ),
        *("-m", "aws_verified", "tests/test_dynamodb", f"--junitxml={run.report}"),
        *(f"--ignore=tests/test_dynamodb/test_{name}.py" for name in left_out),
    ]


SUITES = (
    Suite(
        name="dynamodb-conformance",
        wording="old",
        command=vitest,
        environment=lambda run: {"DYNAMODB_ENDPOINT": run.endpoint_url},
        read=read_vitest,
        at_least=601,
        timeout_s=900,
        needs="node_modules/vitest",
    ),
    Suite(
        name="dynalite",
        wording="old",
        command=mocha,
        environment=lambda run: {"ADORM_ENDPOINT": run.endpoint_url},
        read=read_mocha,
        at_least=900,
        timeout_s=1800,
        needs="node_modules/mocha",
        # Its tests look at tables that are still CREATING or DELETING.
        options=("--table-delay-s", "0.5"),
    ),
    Suite(
        name="moto",
        wording="new",
        command=moto_pytest,
        environment=lambda run: {
            "AWS_ENDPOINT_URL_DYNAMODB": run.endpoint_url,
            "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": run.endpoint_url,
            "PYTHONPATH": str(HERE),
        },
        read=read_junit,
        at_least=154,
        timeout_s=900,
        needs="tests/test_dynamodb",
    ),
)
