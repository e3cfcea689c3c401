"""Every Python block of the guide and the README runs, and what it says it gives is what it gives.

The blocks of a page run in order, as one module with `db`, an empty database in memory; `await`
stands at the top. What is checked:

- `expression  # -> value`: it equals that value, or reads like it. An assignment to one name may
have it too. - `statement  # raises Name: words`: it raises that class (or one below it), with these
words in its message. - a block marked `text` right after: what the block printed; a line that ends
in `...` goes on anyhow. - `async def test_...(adorm_db)`: it passes on an empty database.

A block that can't run is marked `python no-run`, with its reason in a comment above it.
"""

from __future__ import annotations

import ast
import builtins
import io
import os
import re
import subprocess
import sys
import tokenize
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, redirect_stdout
from inspect import CO_COROUTINE, isawaitable, signature
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

import attrs
import pytest

import adorm
import adorm.testing
from adorm.support.lazy_names import read_stub

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "guide"
PAGES = [ROOT / "README.md", ROOT / "docs" / "README.md", *sorted(GUIDE.glob("*.md"))]

CHECK_TIMEOUT_S = 300

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FINDING = re.compile(r"(page_\d+\.py):(\d+): error: ")
_REASON = re.compile(r"<!-- no-run: .{10,} -->\s*\Z")
_EXPECTATION = re.compile(r"#\s*(->|raises)\s+(.+)")


@attrs.frozen
class Block:
    """One Python block of a page."""

    page: Path
    line: int
    """Of its first line of code, so that a traceback leads to the page."""
    text: str
    prints: str | None
    """The block of text that follows at once."""
    runs: bool
    has_reason: bool


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    fences = list(_FENCE.finditer(text))
    found: list[Block] = []
    for number, fence in enumerate(fences):
        language, *flags = fence["info"].split() or [""]
        if language != "python":
            continue
        after = fences[number + 1] if number + 1 < len(fences) else None
        follows = (
            after is not None
            and after["info"].strip() == "text"
            and not text[fence.end() : after.start()].strip()
        )
        found.append(
            Block(
                page,
                text.count("\n", 0, fence.start()) + 2,
                fence["text"],
                after["text"] if after is not None and follows else None,
                flags != ["no-run"],
                _REASON.search(text[: fence.start()]) is not None,
            )
        )
        assert flags in ([], ["no-run"]), f"{page.name}: unknown mark {flags}"
    return found


# ---- from a block to code that checks itself


class Expectations(ast.NodeTransformer):
    """Turns what comments promise into calls of `__expect__` and blocks of `__raises__`."""

    def __init__(self, text: str) -> None:
        self.promised: dict[int, tuple[str, str]] = {}
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            match = _EXPECTATION.fullmatch(token.string) if token.type == tokenize.COMMENT else None
            if match is not None:
                self.promised[token.start[0]] = (match[1], match[2].strip())

    def visit(self, node: ast.AST) -> Any:
        if not isinstance(node, ast.stmt):
            return super().visit(node)
        is_block = hasattr(node, "body")
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        line = (
            min([node.lineno, *(each.lineno for each in decorators)])
            if is_block
            else node.end_lineno or node.lineno
        )
        promise = self.promised.pop(line, None)
        if promise is None:
            return super().visit(node)
        word, expected = promise
        if word == "raises":
            inner = cast("ast.stmt", self.generic_visit(node)) if is_block else node
            block = ast.With([ast.withitem(_call("__raises__", ast.Constant(expected)))], [inner])
            return ast.fix_missing_locations(ast.copy_location(block, node))
        if isinstance(node, ast.Expr):
            node.value = ast.copy_location(
                _call("__expect__", node.value, ast.Constant(expected)), node.value
            )
            return ast.fix_missing_locations(node)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = ast.Name(node.targets[0].id, ast.Load())
            check = ast.Expr(_call("__expect__", value, ast.Constant(expected)))
            return [node, ast.fix_missing_locations(ast.copy_location(check, node))]
        raise AssertionError(
            f"line {node.lineno}: only an expression or an assignment to a name can have `# -> "
            f"{expected}`"
        )


def _call(function: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])


def compiled(block: Block) -> CodeType:
    tree = ast.parse(block.text)
    expectations = Expectations(block.text)
    tree = expectations.visit(tree)
    assert not expectations.promised, f"{block.page.name}: nothing checks {expectations.promised}"
    ast.increment_lineno(tree, block.line - 1)
    code: CodeType = compile(
        tree, str(block.page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
    )
    return code


# ---- running


def checks_for(namespace: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    def expect(value: object, expected: str) -> None:
        if repr(value) == expected or str(value) == expected:
            return
        try:
            wanted: object = eval(expected, dict(namespace))
        except Exception as error:
            raise AssertionError(f"{value!r}, not {expected}") from error
        same: object = value == wanted
        assert same is True, f"{value!r}, not {expected}"

    @contextmanager
    def raises(expected: str) -> Generator[None]:
        name, _, words = expected.partition(": ")
        kind = (
            getattr(adorm, name, None)
            or getattr(adorm.testing, name, None)
            or getattr(builtins, name)
        )
        with pytest.raises(kind) as caught:
            yield
        for part in words.split(" ... "):
            assert part in str(caught.value)

    return {"__expect__": expect, "__raises__": raises}


async def run(block: Block, namespace: dict[str, Any]) -> None:
    before = set(namespace)
    code = compiled(block)
    printed = io.StringIO()
    with redirect_stdout(printed):
        if code.co_flags & CO_COROUTINE:
            await cast("Awaitable[object]", FunctionType(code, namespace)())
        else:
            exec(code, namespace)
    if block.prints is not None:
        assert_reads_like(printed.getvalue(), block.prints)
    for name in sorted(set(namespace) - before):
        if name.startswith("test_"):
            await run_test(namespace[name])


async def run_test(function: Callable[..., object]) -> None:
    assert list(signature(function).parameters) == ["adorm_db"]
    async with adorm.connect("memory") as adorm_db:
        result = function(adorm_db)
        assert isawaitable(result)
        await result


def assert_reads_like(printed: str, shown: str) -> None:
    printed_lines, shown_lines = printed.rstrip().splitlines(), shown.rstrip().splitlines()
    for said, expected in zip(printed_lines, shown_lines, strict=False):
        if expected.endswith("..."):
            assert said.startswith(expected.removesuffix("...").rstrip())
        else:
            assert said.rstrip() == expected.rstrip()
    assert len(printed_lines) == len(shown_lines), printed


@pytest.fixture
def namespace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A module's: forward references are looked up in it by the module's name."""
    module = ModuleType(f"a_page_of_the_guide_{request.node.nodeid.__hash__() & 0xFFFFFFFF:x}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    namespace = module.__dict__
    namespace["__builtins__"] = (
        builtins  # `exec` would put them there, a function of this code does not
    )
    namespace.update(checks_for(namespace))
    return namespace


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory") as database:
        yield database


@pytest.mark.parametrize(
    "page",
    PAGES,
    ids=lambda page: page.stem if page.parent == GUIDE else str(page.relative_to(ROOT)),
)
async def test_every_block_of_a_page_runs_as_it_says(
    page: Path, namespace: dict[str, Any], db: adorm.Database
) -> None:
    namespace["db"] = db
    for block in blocks_of(page):
        if block.runs:
            await run(block, namespace)


async def test_the_readme_begins_with_a_program_that_works(
    namespace: dict[str, Any], db: adorm.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run(blocks_of(ROOT / "README.md")[0], namespace)
    monkeypatch.setattr(adorm, "connect", _always(db))
    await namespace["main"]()
    stored = await db.table(namespace["Order"]).get("c1", "o1")
    assert (stored.status, stored.total, stored.version) == ("paid", 17, 3)


def _always(db: adorm.Database) -> Callable[..., Any]:
    @asynccontextmanager
    async def connect(*_engine: object, **_options: object) -> AsyncGenerator[adorm.Database]:
        yield db

    return connect


# ---- the harness itself


def _block(text: str, prints: str | None = None) -> Block:
    return Block(ROOT / "page.md", 1, text, prints, runs=True, has_reason=False)


@pytest.mark.parametrize(
    ("text", "prints"),
    [
        ("1 + 1  # -> 3", None),
        ("x = [1]  # -> [2]", None),
        ("if True:\n    'a'  # -> 'b'", None),
        ("int('5')  # raises ValueError", None),
        ("int('x')  # raises ValueError: another message", None),
        ("print('a')", "b\n"),
        ("print('a')\nprint('b')", "a\n"),
        ("for x in (1,):  # -> 1\n    pass", None),
    ],
)
async def test_a_block_that_does_not_do_what_it_says_fails(
    text: str, prints: str | None, namespace: dict[str, Any]
) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await run(_block(text, prints), namespace)


async def test_a_block_that_does_what_it_says_passes(namespace: dict[str, Any]) -> None:
    lines = [
        "x = 1 + 1  # -> 2",
        "int('x')  # raises ValueError: invalid ... 'x'",
        "for _ in [1]:  # raises ZeroDivisionError",
        "    1 / 0",
        "print('abc')",
    ]
    await run(_block("\n".join(lines), "ab...\n"), namespace)
    assert namespace["x"] == 2


# ---- the guide as a whole


@pytest.mark.slow
@pytest.mark.timeout(2 * CHECK_TIMEOUT_S)
def test_mypy_accepts_every_example_but_the_mistakes_that_are_shown(tmp_path: Path) -> None:
    shown: dict[str, list[str]] = {}
    for number, page in enumerate(PAGES):
        lines = page.read_text("utf-8").splitlines()
        code = [
            "import adorm",
            "async def page(db: adorm.Database) -> None: pass",
            *[""] * len(lines),
        ]
        for block in blocks_of(page):
            code[1] = "async def page(db: adorm.Database) -> None:"
            for offset, line in enumerate(block.text.splitlines() if block.runs else ()):
                code[block.line - 1 + offset] = f"    {line}"
        shown[f"page_{number}.py"] = lines
        (tmp_path / f"page_{number}.py").write_text("\n".join(code))
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--cache-dir",
        str(ROOT / ".cache" / "mypy-docs"),
    ]
    done = subprocess.run(
        [*command, *sorted(shown)],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=CHECK_TIMEOUT_S,
        check=False,
    )
    found = [
        line
        for line in done.stdout.splitlines()
        if (match := _FINDING.match(line)) and "# raises" not in shown[match[1]][int(match[2]) - 1]
    ]
    assert found == [], done.stdout
    assert done.returncode == 1, (
        f"mypy found no mistake, not even those that are shown: {done.stdout} {done.stderr}"
    )


def test_a_block_that_does_not_run_says_why() -> None:
    silent = [
        f"{block.page.name}:{block.line}"
        for page in PAGES
        for block in blocks_of(page)
        if not block.runs and not block.has_reason
    ]
    assert silent == []
    assert sum(not block.runs for page in PAGES for block in blocks_of(page)) <= MOST_BLOCKS_NOT_RUN


MOST_BLOCKS_NOT_RUN = 3


def headings_of(page: Path) -> set[str]:
    """As GitHub makes anchors of them."""
    prose = _FENCE.sub("", page.read_text("utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    }


def test_links_lead_somewhere_and_the_index_names_every_page() -> None:
    for page in PAGES:
        for target, anchor in re.findall(
            r"\]\(([^)#:]*)(?:#([^)]*))?\)", _FENCE.sub("", page.read_text("utf-8"))
        ):
            to = page.parent / target if target else page
            assert to.exists(), f"{page.name} links to {target}"
            assert not anchor or anchor in headings_of(to), (
                f"{page.name} links to {target}#{anchor}"
            )
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    assert [page.name for page in GUIDE.glob("*.md") if f"guide/{page.name}" not in index] == []


DECISIONS = ROOT / "docs" / "decisions"


@pytest.mark.parametrize("page", sorted(DECISIONS.glob("0*.md")), ids=lambda page: page.stem[:4])
def test_a_decision_has_its_form_and_stands_in_the_index(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Price"]
    title = text.splitlines()[0].removeprefix(f"# {page.stem[:4]}: ")
    assert f"| {page.stem[:4]} | [{title}]({page.name}) |" in (DECISIONS / "README.md").read_text(
        "utf-8"
    )


def test_the_guide_names_everything_public() -> None:
    guide = "\n".join(page.read_text("utf-8") for page in GUIDE.glob("*.md"))
    assert [name for name in read_stub("adorm") if not re.search(rf"\b{name}\b", guide)] == []
    assert [
        name for name in read_stub("adorm.testing") if not re.search(rf"\b{name}\b", guide)
    ] == []


@pytest.mark.parametrize(
    "cls",
    [
        adorm.Accounts,
        adorm.Attr,
        adorm.Batch,
        adorm.BatchGet,
        adorm.BatchWrite,
        adorm.CreateMany,
        adorm.Database,
        adorm.Get,
        adorm.Loader,
        adorm.Query,
        adorm.RetryPolicy,
        adorm.Scan,
        adorm.ScanStream,
        adorm.StreamChange,
        adorm.StreamHandler,
        adorm.StreamRecord,
        adorm.StreamResult,
        adorm.Table,
        adorm.Transaction,
        adorm.TransactGet,
        adorm.Update,
        adorm.UpdateMany,
        adorm.Write,
        adorm.testing.FakeClock,
        adorm.testing.Faults,
        adorm.testing.Occasion,
        adorm.testing.Recorder,
    ],
    ids=lambda cls: cls.__name__,
)
def test_the_guide_names_every_verb(cls: type[Any]) -> None:
    guide = "\n".join(page.read_text("utf-8") for page in GUIDE.glob("*.md"))
    verbs = [name for name in dir(cls) if not name.startswith("_") and name not in INTERNAL]
    assert [name for name in verbs if not re.search(rf"\b{name}\b", guide)] == []


INTERNAL = frozenset(
    {
        # what adorm's own modules call
        "add",
        "after_hooks",
        "change",
        "binding",
        "check_includable",
        "connection",
        "covers",
        "draft",
        "failure",
        "met",
        "model_name",
        "only_reads",
        "conditions",
        "facts",
        "policy",
        "returns_attributes",
        "send",
        "with_conditions",
        "prepare",
        "random",
        "record",
        "take_all",
        "take_some",
        "settle",
        "verb",
        "end",
        "take",
        "next_page",
        "failed",
    }
)
