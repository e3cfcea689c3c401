"""Imports point down, never through the package root, and in no circle; only `concurrency` starts
tasks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"

LAYERS = [
    ["memory", "support"],  # the engine, and what is not about DynamoDB: they know nothing of adorm
    ["outcomes"], ["errors"], ["clock", "checks"], ["dynamodb"], ["deadlines"], ["concurrency"],
    ["schema"], ["codec", "expressions"], ["models"], ["mapped_classes"],  # nothing of the network
    ["transport"], ["retry"], ["calls"], ["telemetry"],  # how a request travels: nothing of models
    ["items"], ["tx"], ["batch"], ["query"], ["segments"], ["scan"], ["tables"],  # both meet
    ["migrations"], ["raw_tables"], ["table"], ["single_tables"],
    ["options"], ["database"], ["connecting"], ["account_map"],
    ["aws_lambda"], ["lambda_runtime", "locks", "streams", "idempotency", "testing"],
    ["integrations", "exchange"],
]  # fmt: skip
"""From the bottom up: a room imports what stands in lines above its own, and itself."""

MODELS = {"schema", "codec", "expressions", "models", "mapped_classes"}
NETWORK = {"transport", "retry", "calls", "telemetry"}
LEVELS = {room: level for level, layer in enumerate(LAYERS) for room in layer}


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


def room_of(module: str) -> str:
    """`adorm.calls.pace` -> `calls`; a module of the root is a room of its own."""
    return module.split(".")[1]


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text())


def imports_of(module: str) -> Iterator[tuple[str, int]]:
    """What a module imports of adorm, anywhere in it, functions and `if TYPE_CHECKING` included,
    and on which line."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "adorm":
                    yield alias.name, node.lineno
        elif (
            isinstance(node, ast.ImportFrom)
            and node.module is not None
            and node.module.split(".")[0] == "adorm"
        ):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner if inner in modules() else node.module), node.lineno


def test_every_room_has_its_place() -> None:
    new = {room for module in modules() if (room := room_of(module)) not in LEVELS}
    assert not new, (
        f"new: {', '.join(sorted(new))}: give each room a place in LAYERS, below everything that "
        "imports it and above everything it imports"
    )


def test_imports_point_down() -> None:
    upward = [
        f"{module}:{line} imports {imported}, which is not below it"
        for module in modules()
        for imported, line in imports_of(module)
        if imported != "adorm"
        and room_of(imported) != room_of(module)
        and LEVELS[room_of(imported)] >= LEVELS[room_of(module)]
    ]
    assert not upward, "\n".join(upward)


def test_models_and_the_network_know_nothing_of_each_other() -> None:
    foreign = [
        f"{module}:{line} imports {imported}"
        for ours, theirs in ((MODELS, NETWORK), (NETWORK, MODELS))
        for module in modules()
        if room_of(module) in ours
        for imported, line in imports_of(module)
        if imported != "adorm" and room_of(imported) in theirs
    ]
    assert not foreign, "\n".join(foreign)


def test_nothing_goes_through_the_package_root() -> None:
    through = [
        f"{module}:{line}"
        for module in modules()
        for imported, line in imports_of(module)
        if imported == "adorm"
    ]
    assert not through, (
        f"these import the root, not the module that defines the name: {', '.join(through)}"
    )


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


STARTS_TASKS = {
    "create_task_group",
    "TaskGroup",
    "create_task",
    "ensure_future",
    "gather",
    "run_coroutine_threadsafe",
}


def test_only_concurrency_starts_tasks() -> None:
    found: list[str] = []
    for module in modules():
        for node in ast.walk(tree_of(module)):
            if not isinstance(node, ast.Call) or not isinstance(
                node.func, ast.Attribute | ast.Name
            ):
                continue
            owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if (
                name in STARTS_TASKS
                and owner in {"", "asyncio", "anyio", "loop"}
                and room_of(module) != "concurrency"
            ):
                found.append(f"{module}:{node.lineno} calls {name}")
    assert not found, f"only adorm.concurrency starts tasks: {', '.join(found)}"
