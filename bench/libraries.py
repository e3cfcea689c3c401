"""What is compared: the libraries, the environment of each, and the works that they do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Library:
    """What is measured under one label."""

    label: str
    module: str
    """The module in `peers/`."""
    time_form: str = "z"
    """A name in `orders.TIME_FORMS`."""
    since: tuple[int, int] = (3, 11)
    """The first Python that it runs on."""
    own_environment: bool = False
    """Whether it can't be installed beside the others."""
    limit: bool = False
    """Whether it is no library but a limit, which no library can be faster than."""
    one_task: bool = False
    """Whether it does its works by one task and without TLS, as it uses no network."""
    distributions: tuple[str, ...] = ()


LIBRARIES = (
    Library(
        "adorm",
        "adorm_wire",
        distributions=("orjson", "msgspec", "httptools", "anyio", "attrs", "cattrs"),
    ),
    Library("adorm on aiobotocore", "adorm_client"),
    Library("aiobotocore", "aiobotocore_raw", distributions=("aiobotocore", "botocore", "aiohttp")),
    Library(
        "aioboto3",
        "aioboto3_resource",
        own_environment=True,
        distributions=("aioboto3", "aiobotocore", "botocore"),
    ),
    Library(
        "PynamoDB", "pynamodb_models", time_form="bare", distributions=("pynamodb", "botocore")
    ),
    Library("pydynox", "pydynox_models", distributions=("pydynox",)),
    Library("aiodynamo", "aiodynamo_dicts", distributions=("aiodynamo", "aiohttp")),
    Library(
        "dynamoxy",
        "dynamoxy_models",
        time_form="offset",
        since=(3, 12),
        distributions=("dynamoxy",),
    ),
    Library("bare socket", "bare_socket", limit=True),
    Library("orjson.loads", "orjson_loads", limit=True, one_task=True, distributions=("orjson",)),
)


@dataclass(frozen=True)
class Work:
    """`name` as the peers know it, by so many tasks at once."""

    name: str
    tasks: int = 1
    tls: bool = False
    network: bool = True

    @property
    def label(self) -> str:
        """ "get x16 TLS"; the number of tasks is told where it varies."""
        return (
            f"{self.name} x{self.tasks}{' TLS' if self.tls else ''}"
            if self.name in ("get", "put", "update")
            else self.name
        )


WORKS = (
    *(Work(name, tasks) for name in ("get", "put", "update") for tasks in (1, 16, 64)),
    Work("get", 1, tls=True),
    Work("get", 16, tls=True),
    Work("page"),
    Work("batch"),
    Work("transact"),
    Work("scan"),
    Work("encode", network=False),
    Work("decode", network=False),
)

DESCRIPTIONS = {
    "get": "one item by its key",
    "put": "one item, whole",
    "update": "eight attributes of one item set",
    "page": "a query's page of 1,000 items, about 380 KB",
    "batch": "1,000 items by their keys, 100 a request",
    "transact": "10 puts in one transaction",
    "scan": "100 pages of 100 items, by 4 segments at once",
    "encode": "one item to DynamoDB's JSON values, no network; aiobotocore stands for boto3's "
    "TypeSerializer",
    "decode": "one item from DynamoDB's JSON values, no network; aiobotocore stands for boto3's "
    "TypeDeserializer",
}


@dataclass(frozen=True)
class Environment:
    """Two virtual environments of one Python."""

    directory: Path

    @property
    def python(self) -> Path:
        return self.directory / "bin" / "python"

    def python_of(self, library: Library) -> Path:
        if not library.own_environment:
            return self.python
        return self.directory.with_name(self.directory.name + "-aioboto3") / "bin" / "python"


def by_label(label: str) -> Library:
    return next(each for each in LIBRARIES if each.label == label)
