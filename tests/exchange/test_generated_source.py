"""The text that adorm writes: its names, its layout, and what mypy and ruff say of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import adorm
from adorm.exchange.names import Names, class_name, field_name
from adorm.exchange.python_text import comment, text
from adorm.exchange.source import ClassSource, FieldSource, IndexSource, module_source
from tests.exchange import test_dms
from tests.exchange.tables import ODD_OPTIONS, make_table, odd_item
from tests.exchange.workbench_files import FILES
from tests.support.generated import run

ROOT = Path(__file__).parents[2]
CHECK_TIMEOUT_S = 300


@pytest.mark.parametrize(
    ("attribute_name", "name"),
    [
        ("customerId", "customer_id"),
        ("CustomerID", "customer_id"),
        ("HTTPServer", "http_server"),
        ("GSI1PK", "gsi1_pk"),
        ("a-b.c d", "a_b_c_d"),
        ("_type", "type"),
        ("__private", "private"),
        ("class", "class_"),
        ("None", "none"),
        ("mro", "mro_"),
        ("str", "str_"),
        ("adorm", "adorm_"),
        ("1st", "n_1st"),
        ("", "attribute"),
        ("#", "attribute"),
        ("naïve", "naïve"),
        ("a𐋴b", "a_b"),
        ("ﬁne", "fine"),
        ("already_good", "already_good"),
    ],
)
def test_a_field_is_named_after_its_attribute(attribute_name: str, name: str) -> None:
    assert field_name(attribute_name) == name


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("orders", "Orders"),
        ("user-profile", "UserProfile"),
        ("Order", "Order"),
        ("HTTPServer", "HTTPServer"),
        ("Exception", "Exception_"),
        ("decimal", "Decimal_"),
        ("2024.films", "N2024Films"),
        ("", "Item"),
        ("ࠚ", "Nࠚ"),
    ],
)
def test_a_class_is_named_after_its_table(given: str, name: str) -> None:
    assert class_name(given) == name


def test_each_name_is_given_once() -> None:
    names = Names({"a"})
    assert [names.take("a", "b"), names.take("a", "b"), names.take("a", "b")] == ["b", "b_2", "b_3"]


@pytest.mark.parametrize("value", ["a", 'a"b', "a'b", "a'\"b", "a\nb", "\\", "ü", "\u2028"])
def test_a_text_is_written_as_python_reads_it(value: str) -> None:
    assert run(f"x = {text(value)}")["x"] == value


def test_a_comment_has_no_line_break_of_its_own() -> None:
    assert comment("a\n\rb\x0cc") == ["# a b c"]
    assert all(len(line) <= 100 for line in comment("word " * 50, "    "))


def test_what_does_not_fit_in_a_line_is_split() -> None:
    long = "a_name_that_is_rather_long_for_an_attribute_of_any_table_in_this_world_or_another_one"
    source = module_source(
        [
            ClassSource(
                name="Orders",
                table="orders",
                indexes=[
                    IndexSource(
                        name=f"by-{long}", partition=["pk", "sk"], sort=[long], projection=[long]
                    )
                ],
                fields=[
                    FieldSource(name="pk", attribute_name="pk", annotation="str"),
                    FieldSource(
                        name=long, attribute_name=long.upper(), annotation="str", default='""'
                    ),
                ],
            ),
            ClassSource(name="Nothing", fields=[]),
        ]
    )
    assert (
        source
        == f"""\
import adorm


@adorm.model(
    table="orders",
    indexes=[
        adorm.GlobalIndex(
            "by-{long}",
            partition=["pk", "sk"],
            sort="{long}",
            projection=[
                "{long}",
            ],
        ),
    ],
)
class Orders:
    pk: str
    {long}: str = adorm.attribute(
        default="",
        name="{long.upper()}",
    )


@adorm.model
class Nothing:
    pass
"""
    )


async def _sources() -> dict[str, str]:
    """Every kind of source that adorm writes, by file name."""
    document: dict[str, Any] = adorm.to_dms(*test_dms.MODELS[:2])
    sources = {
        "dms_orders.py": adorm.models_from_dms(document),
        "dms_contract.py": adorm.models_from_dms(test_dms.USER_TEXT),
        **{
            f"workbench_{name}.py": adorm.models_from_workbench(file)
            for name, file in FILES.items()
        },
    }
    items = [odd_item(number) for number in range(30)]
    async with adorm.connect("memory") as db:
        await make_table(db, "odd", {"class": "B"}, items, **ODD_OPTIONS)
        sources["table_odd.py"] = await adorm.models_from_table(db, "odd")
        sources["table_kinds.py"] = await adorm.models_from_table(
            db, "odd", entity_attribute="status"
        )
    return sources


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.timeout(2 * CHECK_TIMEOUT_S)
async def test_mypy_and_ruff_find_nothing_in_generated_source(tmp_path: Path) -> None:
    sources = await _sources()
    for name, source in sources.items():
        (tmp_path / name).write_text(source)
    mypy = ["mypy", "--strict", "--config-file=", "--cache-dir"]
    commands = [
        [*mypy, str(ROOT / ".cache" / "mypy-docs"), *sorted(sources)],
        ["ruff", "format", "--check", "--isolated", "--line-length=100", "."],
        ["ruff", "check", "--isolated", "--line-length=100", "--select=E,F,W,I", "."],
    ]
    for command in commands:
        done = subprocess.run(  # noqa: ASYNC221  # nothing else runs
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env={**os.environ, "MYPYPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            timeout=CHECK_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
