"""Imports point down, never through the package root, and in no circle; only `concurrency` starts tasks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"

LAYERS: list[tuple[str, ...]] = [
    # The strict DynamoDB. It knows nothing of adorm.
    ("adorm.memory",),
    # What everything may know.
    ("adorm.records", "adorm.shown", "adorm.forks"),
    ("adorm.outcomes",),
    ("adorm.errors",),
    ("adorm.clock",),
    # What a model is. Nothing here knows of the network.
    ("adorm.typeinfo", "adorm.naming", "adorm.ids"),
    ("adorm.fields",),
    ("adorm.markers",),
    ("adorm.expressions",),
    ("adorm.paths", "adorm.indexes"),
    ("adorm.codec",),
    ("adorm.schemas",),
    ("adorm.models",),
    ("adorm.keys", "adorm.expiry"),
    ("adorm.key_places",),
    # How a request travels. Nothing here knows of models.
    ("adorm.transport", "adorm.prices", "adorm.cancel_scopes"),
    ("adorm.deadlines", "adorm.capacity"),
    ("adorm.call_details",),
    ("adorm.call_hooks",),
    ("adorm.retry", "adorm.telemetry"),
    ("adorm.lanes", "adorm.watched_calls"),
    ("adorm.rate_limit",),
    ("adorm.calls",),
    ("adorm.concurrency",),
    ("adorm.hedging",),
    # What users do.
    ("adorm.query",),
    ("adorm.scan", "adorm.gather", "adorm.tx"),
    ("adorm.batch",),
    ("adorm.tables",),
    ("adorm.table",),
    ("adorm.database",),
    ("adorm.connecting",),
    ("adorm.account_map",),
    ("adorm.lambda_runtime", "adorm.locks", "adorm.streams", "adorm.idempotency", "adorm.testing"),
    ("adorm.queues",),
    ("adorm.integrations",),
]
"""From the bottom up: each may import what stands above it in this list, and within its own package.

A package stands for all its modules.
"""

COMMON = {"adorm.memory", "adorm.records", "adorm.shown", "adorm.forks", "adorm.outcomes", "adorm.errors", "adorm.clock"}
NETWORK = {
    "adorm.cancel_scopes",
    "adorm.transport",
    "adorm.deadlines",
    "adorm.prices",
    "adorm.capacity",
    "adorm.call_details",
    "adorm.call_hooks",
    "adorm.telemetry",
    "adorm.watched_calls",
    "adorm.retry",
    "adorm.lanes",
    "adorm.rate_limit",
    "adorm.calls",
    "adorm.concurrency",
    "adorm.hedging",
}
LEVELS = {entry: level for level, layer in enumerate(LAYERS) for entry in layer}


@cache
def modules() -> dict[str, Path]:
    """Every module of adorm but the root: its dotted name and its file."""
    found: dict[str, Path] = {}
    for path in sorted((SOURCE / "adorm").rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name != "adorm":
            found[name] = path
    return found


def entry_of(module: str) -> str | None:
    parts = module.split(".")
    return next((name for end in range(len(parts), 1, -1) if (name := ".".join(parts[:end])) in LEVELS), None)


def level_of(module: str) -> int:
    return LEVELS.get(entry_of(module) or "", -1)


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text())


def imports_of(module: str) -> Iterator[tuple[str, int]]:
    """What a module imports of adorm, anywhere in it, functions and `if TYPE_CHECKING` included, and on which line."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "adorm":
                    yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.module.split(".")[0] == "adorm":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner if inner in modules() else node.module), node.lineno


def test_every_module_has_its_place() -> None:
    placeless = [module for module in modules() if entry_of(module) is None]
    assert not placeless, (
        f"new: {', '.join(placeless)}: give each (or its package) a place in LAYERS of tests/test_layering.py, "
        "below everything that imports it and above everything it imports"
    )


def test_imports_point_down() -> None:
    upward = [
        f"{module}:{line} imports {imported}, which is not below it"
        for module in modules()
        for imported, line in imports_of(module)
        if level_of(imported) >= level_of(module) and entry_of(imported) != entry_of(module)
    ]
    assert not upward, "\n".join(upward)


def test_nothing_goes_through_the_package_root() -> None:
    through = [f"{module}:{line}" for module in modules() for imported, line in imports_of(module) if imported == "adorm"]
    assert not through, f"these import the root, not the module that defines the name: {', '.join(through)}"


def test_what_carries_requests_knows_nothing_of_models() -> None:
    foreign = [
        f"{module}:{line} imports {imported}"
        for module in modules()
        if entry_of(module) in NETWORK
        for imported, line in imports_of(module)
        if entry_of(imported) not in NETWORK | COMMON
    ]
    assert not foreign, "\n".join(foreign)


def test_the_engine_knows_nothing_of_adorm() -> None:
    foreign = [
        f"{module}:{line} imports {imported}"
        for module in modules()
        if entry_of(module) == "adorm.memory"
        for imported, line in imports_of(module)
        if entry_of(imported) != "adorm.memory"
    ]
    assert not foreign, "\n".join(foreign)


def test_imports_run_in_no_circle() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, f"a circle: {' -> '.join([*path[path.index(module) :], module])}"
        if module in done or module not in modules():
            return
        for imported, _ in imports_of(module):
            if imported != module:
                visit(imported, (*path, module))
        done.add(module)

    for module in modules():
        visit(module, ())


STARTS_TASKS = {"create_task_group", "TaskGroup", "create_task", "ensure_future", "gather", "run_coroutine_threadsafe"}


def test_only_concurrency_starts_tasks() -> None:
    found: list[str] = []
    for module in modules():
        for node in ast.walk(tree_of(module)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
                continue
            owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if name in STARTS_TASKS and owner in {"", "asyncio", "anyio", "loop"} and module != "adorm.concurrency":
                found.append(f"{module}:{node.lineno} calls {name}")
    assert not found, f"only adorm.concurrency starts tasks: {', '.join(found)}"


def test_the_list_names_what_could_be() -> None:
    assert len(LEVELS) == sum(len(layer) for layer in LAYERS), "a name stands twice in LAYERS"
    assert set(LEVELS) >= NETWORK | COMMON
