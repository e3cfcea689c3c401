"""NULL where a list, dict or set belongs, and updates that DynamoDB refuses without saying why."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import adorm
from adorm import attr, or_absent
from adorm.codec.compiled import pages
from adorm.database import Database

pytestmark = pytest.mark.anyio

NULL = {"NULL": True}


@adorm.model
class Line:
    sku: str
    notes: list[str] = adorm.attribute(factory=list)


@adorm.model(table="docs")
class Doc:
    doc_id: str = adorm.partition_key()
    words: list[str] = adorm.attribute(factory=list)
    lines: list[Line] = adorm.attribute(factory=lambda: [Line(sku="made")])
    labels: dict[str, int] = adorm.attribute(factory=dict)
    by_name: dict[str, Line] = adorm.attribute(factory=dict)
    tags: set[str] = adorm.attribute(factory=set)
    as_set: list[str] = adorm.attribute(factory=list, as_set=True)
    queue: deque[int] = adorm.attribute(factory=deque)
    pair: tuple[int, ...] = ()
    meta: dict[str, Any] = adorm.attribute(factory=dict, as_json=True)
    steps: list[int] = adorm.attribute(factory=list, as_json=True)
    inner: Line = adorm.attribute(factory=lambda: Line(sku="x"))
    status: str = "open"
    n: int = 0


EMPTY: dict[str, Any] = {
    "words": [],
    "lines": [],
    "labels": {},
    "by_name": {},
    "tags": set(),
    "as_set": [],
    "queue": deque[int](),
    "pair": (),
    "meta": {},
    "steps": [],
}


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(Doc)
        yield db


async def put(db: Database, **attributes: Any) -> None:
    await db.call("PutItem", {"TableName": "docs", "Item": {"doc_id": {"S": "d"}, **attributes}})


@pytest.mark.parametrize("field", EMPTY)
@pytest.mark.parametrize("worthwhile", [pages.WORTHWHILE_BYTES, 0], ids=["as JSON", "from bytes"])
async def test_null_reads_as_empty_where_a_container_with_a_default_belongs(
    db: Database, field: str, worthwhile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "WORTHWHILE_BYTES", worthwhile)
    await put(db, **{field: NULL})
    docs = db.table(Doc)
    for doc in (
        await docs.get("d"),
        (await docs.query("d"))[0],
        (await docs.batch_get(["d"])).items[0],
    ):
        assert getattr(doc, field) == EMPTY[field]
        assert type(getattr(doc, field)) is type(EMPTY[field])
    assert await docs.query("d").select(getattr(Doc, field)) == [(EMPTY[field],)]
    saved = await docs.save(await docs.get("d"))
    assert await docs.get("d") == saved


async def test_null_reads_as_empty_inside_a_nested_value_too(db: Database) -> None:
    await put(db, inner={"M": {"sku": {"S": "y"}, "notes": NULL}})
    assert (await db.table(Doc).get("d")).inner == Line(sku="y")


def test_null_stays_an_error_where_there_is_no_default_or_no_container_belongs() -> None:
    @adorm.model
    class Needy:
        words: list[str]
        status: str = "open"

    items: dict[str, dict[str, Any]] = {
        "words": {"words": NULL},
        "status": {"words": {"L": []}, "status": NULL},
    }
    for name, item in items.items():
        with pytest.raises(adorm.ItemDecodeError, match=rf"\$\.{name}"):
            adorm.from_attribute_map(Needy, item)


WRONG: dict[str, tuple[dict[str, Any], Callable[[Any], Any], str]] = {
    "append to NULL": (
        {"words": NULL},
        lambda u: u.append(Doc.words, ["x"]),
        r"what is stored at Doc\.words is no list, perhaps NULL.*\.set\(Doc\.words, \[\]\) first",
    ),
    "prepend to text": (
        {"words": {"S": "x"}},
        lambda u: u.prepend(Doc.words, ["x"]),
        r"stored at Doc\.words is no list",
    ),
    "add to a NULL set": (
        {"tags": NULL},
        lambda u: u.add(Doc.tags, {"x"}),
        r"stored at Doc\.tags is no set of such members",
    ),
    "delete from a NULL set": (
        {"tags": NULL},
        lambda u: u.apply(attr(Doc.tags).delete({"x"})),
        r"stored at Doc\.tags is no set",
    ),
    "add to NULL": (
        {"n": NULL},
        lambda u: u.add(Doc.n, 1),
        r"stored at Doc\.n is no number.*\.set\(Doc\.n, 0\) first",
    ),
    "a sum of NULL": (
        {"n": NULL},
        lambda u: u.set(Doc.n, Doc.n + 1),
        r"stored at Doc\.n is no number",
    ),
    "a key of an absent map": (
        {},
        lambda u: u.set(Doc.labels["k"], 1),
        (
            r"Doc\.labels\['k'\] lies in Doc\.labels, which is absent, NULL or of another type.*"
            r"\.set\(Doc\.labels, \.\.\.\) as a whole first"
        ),
    ),
    "a key of a NULL map": (
        {"labels": NULL},
        lambda u: u.set(Doc.labels["k"], 1),
        r"lies in Doc\.labels, which is absent, NULL",
    ),
    "a field of an absent value": (
        {},
        lambda u: u.set(Doc.inner.sku, "y"),
        r"Doc\.inner\.sku lies in Doc\.inner, which is absent",
    ),
    "a field of an absent element": (
        {},
        lambda u: u.set(Doc.lines[0].sku, "y"),
        r"Doc\.lines\[0\]\.sku lies in Doc\.lines\[0\], which is absent",
    ),
    "a sum of an absent number": (
        {},
        lambda u: u.set(Doc.n, Doc.n + 1),
        (
            r"Doc\.n is computed from Doc\.n, which this item does not have\. "
            r"The defaults of the model do not count here; add\(\)"
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_an_update_that_the_stored_item_does_not_fit_is_explained_with_path_and_remedy(
    db: Database, name: str
) -> None:
    attributes, change, message = WRONG[name]
    await put(db, **attributes)
    docs = db.table(Doc)
    update = change(docs.update("d"))
    with pytest.raises(adorm.ValidationFailed, match=message):
        await update
    failed = await docs.update_many([update]).collect_errors()
    with pytest.raises(adorm.ValidationFailed, match=message):
        raise failed.errors[0]
    with pytest.raises(adorm.TransactionCanceled) as caught:
        async with db.transaction() as tx:
            tx.include(update)
    (reason,) = caught.value.reasons
    with pytest.raises(adorm.ValidationFailed, match=message):
        raise reason.error or LookupError
    assert "Doc." in str(caught.value)


async def test_an_absent_attribute_is_found_by_what_its_default_means(db: Database) -> None:
    await put(db)
    docs = db.table(Doc)
    assert (await docs.get("d")).status == "open"
    assert await docs.scan().filter(Doc.status == "open").count() == 0
    assert await docs.scan().filter(or_absent(Doc.status == "open")).count() == 1
    assert (
        await docs.query("d")
        .where(or_absent(Doc.inner.sku == "x"), or_absent(attr(Doc.n).between(0, 5)))
        .count()
        == 1
    )
    await docs.update("d").set(Doc.status, "paid").when(or_absent(Doc.status == "open"))
    assert await docs.scan().filter(or_absent(Doc.status == "open")).count() == 0


def test_or_absent_is_for_one_comparison() -> None:
    with pytest.raises(
        adorm.UsageError, match="about one path, not about 2: give it each comparison by itself"
    ):
        or_absent((Doc.status == "open") & (Doc.n > 1))
    with pytest.raises(adorm.UsageError, match="a condition is expected"):
        or_absent(True)
