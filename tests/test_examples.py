"""The examples do what they say: on every film, on memory and over HTTP, and as a user runs
them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import attrs
import pytest

import adorm
from adorm.testing import LocalDynamoDB
from examples import movies, scan_analytics
from tests.support.engines import INSIDE, REGION, Engine, wire
from tests.support.environment import IN_CI

ROOT = Path(__file__).parents[1]
MOVIES = Path(os.environ.get("ADORM_MOVIES") or ROOT.parent / "shared" / "data" / "movies.json")


@pytest.fixture(params=["memory", "wire"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    if request.param == "memory":
        return Engine("memory", INSIDE["memory"])
    local: LocalDynamoDB = request.getfixturevalue("local_dynamodb")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", uuid4().hex[:20].upper())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return Engine("wire", wire(local.endpoint_url))


@pytest.fixture(params=["memory", "wire"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options that take an example to each engine."""
    if request.param == "memory":
        return []
    local: LocalDynamoDB = request.getfixturevalue("local_dynamodb")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", uuid4().hex[:20].upper())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return ["--endpoint-url", local.endpoint_url, "--region", REGION]


@pytest.fixture(scope="module")
def entries() -> list[dict[str, Any]]:
    """The film file, as plain Python reads it."""
    if not MOVIES.exists():
        problem = f"the film file is not at {MOVIES}: set ADORM_MOVIES to where it is"
        if IN_CI:
            pytest.fail(f"in CI the examples must be tested: {problem}", pytrace=False)
        pytest.skip(f"THE MOVIES EXAMPLE IS NOT TESTED: {problem}")
    loaded: list[dict[str, Any]] = json.loads(
        MOVIES.read_text(encoding="utf-8"), parse_float=Decimal
    )
    return loaded


def as_entry(film: movies.Film) -> dict[str, Any]:
    """A film in the file's own form."""
    info = film.info
    told: dict[str, Any] = {
        "directors": info.directors or None,
        "actors": info.actors or None,
        "genres": info.genres or None,
        "release_date": info.release_date and f"{info.release_date}T00:00:00Z",
        "rating": film.rating,
        "running_time_secs": info.running_time and info.running_time.total_seconds(),
        "rank": info.rank,
        "plot": info.plot,
        "image_url": info.image_url,
    }
    return {
        "year": film.year,
        "title": film.title,
        "info": {name: value for name, value in told.items() if value is not None},
    }


def key_of(entry: dict[str, Any]) -> tuple[int, str]:
    return entry["year"], entry["title"]


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.anyio
async def test_every_film_comes_back_and_every_answer_is_that_of_plain_python(
    engine: Engine, entries: list[dict[str, Any]]
) -> None:
    assert len(entries) == 4609
    films = movies.read_films(MOVIES)
    assert [as_entry(film) for film in films] == entries
    async with engine.connect() as db:
        await db.create_table(movies.Film)
        seen: list[None] = []
        await movies.load(db, films, on_film=lambda: seen.append(None))
        assert len(seen) == 4609
        assert await movies.differences(db, films, on_film=seen.pop) == []
        assert seen == []
        answers = await movies.answer(db)

    of_2013 = [entry for entry in entries if entry["year"] == 2013]
    ratings = [Decimal(entry["info"]["rating"]) for entry in entries if "rating" in entry["info"]]
    assert answers.films_per_year == Counter(entry["year"] for entry in entries)
    assert answers.average_rating == pytest.approx(
        sum(ratings) / len(ratings), rel=Decimal("1e-25")
    )
    best = [
        (entry["title"], entry["info"]["rating"])
        for entry in of_2013
        if entry["info"].get("rating", 0) >= 8
    ]
    assert len(best) == 9
    assert answers.best_of_year == sorted(best, key=lambda film: (-film[1], film[0]))
    spielbergs = [
        key_of(entry)
        for entry in entries
        if entry["info"].get("directors", [None])[0] == "Steven Spielberg"
    ]
    assert len(spielbergs) == 26
    assert answers.of_director == sorted(spielbergs)
    lengths = {entry["title"]: entry["info"].get("running_time_secs", 0) for entry in of_2013}
    long_films = {title: seconds for title, seconds in lengths.items() if seconds >= 150 * 60}
    assert len(long_films) == 3
    assert {
        title: running_time.total_seconds() for title, running_time in answers.long_films
    } == long_films
    assert answers.dramas == sum("Drama" in entry["info"].get("genres", []) for entry in of_2013)
    rush = next(entry for entry in entries if key_of(entry) == (2013, "Rush"))
    assert answers.raised_to == answers.refused_at == rush["info"]["rating"] + Decimal("0.1")


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A file of three films: one as told in the tutorial, one that lacks nearly everything, one of
    another year."""
    path = tmp_path / "few.json"
    told = {
        "directors": ["Ron Howard"],
        "rating": 8.3,
        "genres": ["Drama"],
        "release_date": "2013-09-02T00:00:00Z",
        "rank": 2,
    }
    entries = [
        {"year": 2013, "title": "Rush", "info": {**told, "running_time_secs": 7380}},
        {"year": 2013, "title": "Gravité", "info": {"running_time_secs": 9000}},
        {
            "year": 1975,
            "title": "Jaws",
            "info": {"directors": ["Steven Spielberg", "Another"], "rating": 8},
        },
    ]
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


@pytest.mark.anyio
async def test_a_film_that_is_stored_otherwise_missing_or_unknown_is_told(few: Path) -> None:
    films = movies.read_films(few)
    changed, kept, missing = films
    unknown = movies.Film(year=2020, title="Unknown")
    async with adorm.connect("memory") as db:
        await db.create_table(movies.Film)
        await movies.load(db, [changed, kept, unknown])
        changed.info.rank = 3
        different = await movies.differences(db, films)
    assert {(film.year, film.title) for film in different} == {
        (film.year, film.title) for film in (changed, missing, unknown)
    }


@pytest.mark.anyio
async def test_loading_that_fails_raises_one_error_and_stops(few: Path) -> None:
    seen: list[None] = []
    async with adorm.connect("memory") as db:
        with pytest.raises(adorm.ResourceNotFound):
            await movies.load(
                db, movies.read_films(few) * 100, workers=2, on_film=lambda: seen.append(None)
            )
    assert seen == []


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONWARNINGS": "error",
        "COLUMNS": "200",
    }


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=50,
        check=False,
    )


def test_the_movies_command_prints_its_answers(few: Path, where: list[str]) -> None:
    done = run("examples/movies.py", str(few), *where)
    assert (done.returncode, done.stderr) == (0, "")
    for expected in (
        "3/3",
        "All 3 films in ",
        "movies read back equal to what was written.",
        "  2013    2 ▇▇▇",
        "  8.1500\n",
        "  8.3 Rush\n",
        "  1975 Jaws\n",
        "  150 min Gravité\n",
        "  1 of 2 films\n",
        (
            "  8.4 is stored; the same update once more: ConditionalCheckFailed, 8.4 is stored "
            "already\n"
        ),
    ):
        assert expected in done.stdout


def test_the_movies_command_tells_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    path = tmp_path / "films.json"
    for text in (
        "",
        "[1]",
        '[{"year": 2013}]',
        '{"year": 2013}',
        '[{"year": 1, "title": "x", "info": {"rating": "good"}}]',
    ):
        path.write_text(text)
        done = run("examples/movies.py", str(path))
        assert done.returncode == 2
        assert "films.json can't be read as a file of films: " in done.stderr
        assert "Traceback" not in done.stderr


def test_the_quickstart_shows_each_step_and_what_it_gave(where: list[str]) -> None:
    done = run("examples/quickstart.py", *where)
    assert (done.returncode, done.stderr) == (0, "")
    shown = iter(done.stdout.splitlines())
    for expected in (
        "db = adorm.connect(",
        "== 1. A model is a class with plain annotations",
        "    @adorm.model(",
        "    class Order:",
        "== 2. Create the table, with its index",
        "    table = await db.create_table(Order)",
        "  => ACTIVE ['by-status']",
        "  => 1 20",
        "  => True",
        "  => ItemExists, and there it is: open, 12.5",
        "  => ItemNotFound: Order ada/999: ",
        "  => None",
        "  => they saved first: version 2",
        "  => VersionConflict: I read 1, stored is 2, 'please wrap it'",
        "  => repeated on top of theirs: version 3, paid, 'please wrap it'",
        "  => packed 35 ['new', 'vip'] None",
        "  => [('tea', 2), ('cup', 4), ('spoon', 1)]",
        "  => ConditionalCheckFailed: it is packed, with 3 lines",
        "  => ['006', '005', '004']",
        "  => 001 packed 35",
        "  => 002 shipped 20",
        "  => Query ",
        "       key condition: status = :v0 AND total >= :v1",
        "  => [('003', Decimal('30')), ('005', Decimal('50')), ('007', Decimal('70'))]",
        "  => UsageError: no key of Order serves this query: ",
        "  => 5",
        "  => [('001', Decimal('35')), ('002', Decimal('20')), ('003', Decimal('30'))]",
        "  => 7",
        "  => 305",
        "  => {'packed': 1, 'shipped': 3, 'open': 3}",
        "  => page 1: ['001', '002', '003'], cursor ",
        "  => page 3: ['007'], cursor None",
        "  => UpdateExpression: SET #n0 = :v0, ",
        "  => DeadlineExceeded: GetItem on Order ada/001: ",
        "        lambda: Order.agee,",
        "  => Order has no field 'agee'; ",
        "  => a condition is not a bool: ",
        "    await db.delete_table(Order)",
        "  => ResourceNotFound: ",
        "That is all.",
    ):
        assert any(line.startswith(expected) for line in shown), (
            f"{expected!r} is missing, or not in its place"
        )
    assert "type: ignore" not in done.stdout
    _connection, *others = done.stdout.splitlines()
    assert max(map(len, others)) <= 120


def test_the_shop_shows_its_keys_and_answers_its_questions(where: list[str]) -> None:
    done = run("examples/shop.py", *where)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    words = [line.split() for line in lines]
    for row in (
        "PK SK GSI1PK GSI1SK entity",
        "CUSTOMER#ada #ORDER#o1 ORDER#o1 ORDER#o1 Order",
        "CUSTOMER#ada CUSTOMER#ada - - Customer",
        "CUSTOMEREMAIL#bob@shop.example CUSTOMEREMAIL#bob@shop.example - - _unique",
        "ORDER#o2 ORDER#o2#ITEM#cup ORDER#o2 ITEM#cup OrderItem",
        "CUSTOMER#ada ACCEPTED#2026-03-01T12:00:00.000000Z Order",
    ):
        assert row.split() in words
    for expected in (
        "  A `_unique` item guards an email: its key is made of it, so that no two have it.",
        "  Ada: o3 for 31, o2 for 16.5",
        "  first page: ['o3', 'o2']",
        "  o2 of ada: cup 12, tea 4.5; in all 16.5",
        "  ['o1', 'o2', 'o3']",
        "  Bob",
        "  UniqueConflict: ada@shop.example belongs to Customer ada",
    ):
        assert expected in lines
    (refusal,) = [line for line in lines if line.startswith("  UsageError: ")]
    assert ".given(Order.placed_at == ...)" in refusal
    assert ".reading()" in refusal
    assert lines[-1] == "  ['o3']"


def test_an_endpoint_that_is_not_there_is_one_line_and_a_status(
    monkeypatch: pytest.MonkeyPatch, few: Path
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    elsewhere = ["--endpoint-url", "http://127.0.0.1:9", "--region", REGION]
    for name, arguments in (
        ("quickstart", elsewhere),
        ("shop", elsewhere),
        ("movies", [str(few), *elsewhere]),
        ("scan_analytics", [str(few), *elsewhere]),
    ):
        done = run(f"examples/{name}.py", *arguments)
        assert done.returncode == 1
        assert done.stderr.startswith(f"{name}: ConnectionFailed: CreateTable on adorm-")
        assert done.stderr.count("\n") == 1


# ---------------------------------------------------------------- the scan


def every_eighth(entries: list[dict[str, Any]], path: Path) -> Path:
    path.write_text(json.dumps(entries[::8], default=float), encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.anyio
async def test_figures_and_aggregates_are_those_of_plain_python(
    engine: Engine, entries: list[dict[str, Any]]
) -> None:
    films = [movies.as_film(entry) for entry in entries]
    saved = scan_analytics.Saved("here", "")
    async with engine.connect() as db:
        await db.create_table(movies.Film)
        await movies.load(db, films)
        finished: list[int] = []
        await scan_analytics.count(db, saved, segments=8, on_film=finished.append)
        answers = await scan_analytics.ask(db, segments=8)

    infos = [entry["info"] for entry in entries]
    ratings = [Decimal(info["rating"]) for info in infos if "rating" in info]
    figures = saved.figures
    assert figures.films == len(finished) == len(entries)
    assert (figures.rated, figures.ratings) == (len(ratings), sum(ratings))
    assert figures.seconds == sum(info.get("running_time_secs", 0) for info in infos)
    assert figures.by_genre == Counter(genre for info in infos for genre in info.get("genres", []))
    assert figures.by_decade == Counter(entry["year"] // 10 * 10 for entry in entries)
    assert answers.films == len(entries)
    assert (answers.rating_sum, answers.rating_best) == (sum(ratings), max(ratings))
    assert answers.rating_average == pytest.approx(
        sum(ratings) / len(ratings), rel=Decimal("1e-25")
    )
    assert answers.films_per_year == Counter(entry["year"] for entry in entries)
    assert answers.longest == max(
        (entry["info"].get("running_time_secs", 0), entry["title"]) for entry in entries
    )
    firsts = Counter(info["directors"][0] for info in infos if info.get("directors"))
    of_excellent = {
        info["directors"][0]
        for info in infos
        if info.get("rating", 0) >= scan_analytics.EXCELLENT and info.get("directors")
    }
    assert answers.films_of == {director: firsts[director] for director in of_excellent}


@pytest.mark.anyio
async def test_a_count_that_is_cancelled_again_and_again_counts_every_film_once(
    entries: list[dict[str, Any]], tmp_path: Path
) -> None:
    films = movies.read_films(every_eighth(entries, tmp_path / "films.json"))
    path = tmp_path / "saved.json"
    rounds = 0
    async with adorm.connect("memory") as db:
        await db.create_table(movies.Film)
        await movies.load(db, films)
        whole = scan_analytics.Saved("here", "")
        await scan_analytics.count(db, whole, segments=4)
        saved = scan_analytics.Saved("here", "")
        while True:
            rounds += 1
            with anyio.CancelScope() as scope:
                counted = 0

                def cancel(_finished: int, scope: anyio.CancelScope = scope) -> None:
                    nonlocal counted
                    counted += 1
                    if counted == 150:
                        scope.cancel()

                await scan_analytics.count(db, saved, segments=4, on_film=cancel)
            saved.write(path)
            again = scan_analytics.Saved.read(path)
            assert again == saved
            assert again is not None
            saved = again
            if not scope.cancelled_caught:
                break
    assert rounds > 1
    assert saved.figures == whole.figures
    assert saved.figures.films == len(films) == 577


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_scan_goes_on_after_ctrl_c_and_its_figures_are_the_same(
    entries: list[dict[str, Any]], where: list[str], tmp_path: Path
) -> None:
    command = [
        "examples/scan_analytics.py",
        str(every_eighth(entries, tmp_path / "films.json")),
        *where,
    ]
    checkpoint = tmp_path / "checkpoint.json"
    command += ["--checkpoint", str(checkpoint)]
    whole = run(*command)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert not checkpoint.exists()

    slow = [sys.executable, *command, "--read-units-per-s", "4"]
    with subprocess.Popen(
        slow,
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        # It saves every second.
        while (saved := scan_analytics.Saved.read(checkpoint)) is None or not saved.figures.films:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=0.1)
        process.send_signal(signal.SIGINT)
        shown, complaints = process.communicate(timeout=20)
    assert (process.returncode, complaints) == (130, "")
    saved = scan_analytics.Saved.read(checkpoint)
    assert saved is not None
    assert 0 < saved.figures.films < 577
    assert (
        f"Interrupted after {saved.figures.films:,} of 577 films. The same command goes on from "
        "there.\n" in shown
    )

    rest = run(*command)
    assert (rest.returncode, rest.stderr) == (0, "")
    assert f"Going on after {saved.figures.films:,} films, as " in rest.stdout
    title = "Counted film by film"
    assert rest.stdout.partition(title)[2] == whole.stdout.partition(title)[2] != ""
    assert not checkpoint.exists()


def test_the_scan_command_tells_what_is_wrong_with_its_options(few: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.json"
    elsewhere = scan_analytics.Saved("http://127.0.0.1:8000, eu-central-1", "adorm-1-")
    for options, content, expected in (
        (["--segments", "0"], None, "--segments: from 1 to 10,000"),
        (["--read-units-per-s", "nan"], None, "--read-units-per-s: a positive number"),
        ([], "{}", "is no file of this program, or a damaged one"),
        ([], "", "is no file of this program, or a damaged one"),
        (
            [],
            json.dumps(attrs.asdict(elsewhere), default=str),
            "is of a scan at http://127.0.0.1:8000, eu-central-1: give the same options",
        ),
    ):
        if content is not None:
            checkpoint.write_text(content, encoding="utf-8")
        done = run(
            "examples/scan_analytics.py", str(few), "--checkpoint", str(checkpoint), *options
        )
        assert done.returncode == 2
        assert expected in done.stderr
        assert "Traceback" not in done.stderr
