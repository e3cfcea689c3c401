"""The state of a migration on disk: the checkpoint file, and the file of failed items."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from types import CodeType
from typing import Any, TypeAlias

import attrs
import orjson

from adorm.dynamodb.values import AttributeMap, json_default, key_value
from adorm.errors import UsageError
from adorm.migrations.reports import MigrationReport

_FORM = 1

FilePath: TypeAlias = str | PathLike[str]


@attrs.define
class Counts:
    """What was done so far."""

    read: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    foreign: int = 0
    failed: int = 0


@attrs.define
class State:
    """What a checkpoint file holds."""

    id: str
    source: str
    target: str
    transform: str
    """A digest of the transform's code."""
    scan: str | None = None
    """The checkpoint of the scan of the source; None before the first page."""
    counts: Counts = attrs.Factory(Counts)

    def text(self) -> str:
        """The state as JSON text."""
        return orjson.dumps({"adorm_migration": _FORM, **attrs.asdict(self)}).decode()

    def report(self) -> MigrationReport:
        """The counts, with the text."""
        return MigrationReport(**attrs.asdict(self.counts), checkpoint=self.text())

    def save(self, path: Path | None) -> None:
        """Replace the file as a whole."""
        if path is None:
            return
        part = path.with_name(f"{path.name}.tmp")
        part.write_text(self.text())
        part.replace(path)


def load_state(path: Path | None, new: State) -> State:
    """The state in a file, or `new` where there is no file.

    Raises:
        UsageError: the file is no checkpoint of a migration, or one of other tables.
    """
    if path is None or not path.exists():
        return new
    try:
        body = orjson.loads(path.read_bytes())
        if body.pop("adorm_migration") != _FORM:
            raise UsageError(f"{path} was written by another version of adorm: begin anew")
        counts = Counts(**body.pop("counts"))
        found = State(**body, counts=counts)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"{path} is no checkpoint of a migration, or a damaged one: take another path, or "
            "delete the file to begin anew"
        ) from error
    for what in ("source", "target", "id"):
        if getattr(found, what) != getattr(new, what):
            raise UsageError(
                f"{path} is the checkpoint of a migration from {found.source} to {found.target}, "
                f"not from {new.source} to {new.target}: take another path"
            )
    return attrs.evolve(found, transform=new.transform)


def code_digest(function: object) -> str:
    """A digest of a function's code, or of its class where it is no function."""
    code = getattr(function, "__code__", None)
    text = repr(function) if code is None else _code_text(code)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _code_text(code: CodeType) -> str:
    inner = [
        _code_text(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts
    ]
    return f"{code.co_code.hex()} {code.co_names} {inner}"


class FailedItems:
    """The file of items that failed: one JSON line each."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, key: AttributeMap, item: AttributeMap, error: Exception, phase: str) -> None:
        """Append an item; it is in the file when this returns."""
        line = {
            "key": key,
            "item": item,
            "error": f"{type(error).__name__}: {error}",
            "path": ".".join(map(str, getattr(error, "path", ()) or ())),
            "phase": phase,
        }
        with self._path.open("ab") as file:
            file.write(orjson.dumps(line, default=json_default) + b"\n")


def failed_keys(path: Path) -> Iterator[AttributeMap]:
    """The keys in a file of failed items, each once.

    Raises:
        UsageError: there is no such file, or a line of it is no failed item.
    """
    seen: set[bytes] = set()
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError as error:
        raise UsageError(f"only_failed({str(path)!r}): there is no such file") from error
    for number, line in enumerate(lines, start=1):
        try:
            key: dict[str, Any] = orjson.loads(line)["key"]
            made = {str(name): key_value(value) for name, value in key.items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UsageError(f"{path}, line {number} is no failed item of a migration") from error
        identity = orjson.dumps(key, option=orjson.OPT_SORT_KEYS)
        if identity not in seen:
            seen.add(identity)
            yield made
