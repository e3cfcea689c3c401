"""4,609 films in DynamoDB: loaded with a progress bar, read back, and searched.

    python examples/movies.py moviedata.json                      # a DynamoDB inside the process
    python examples/movies.py moviedata.json --endpoint-url http://127.0.0.1:8000 \\
        --region eu-central-1

It shows a query, a filter, an index, a projection and an update. The file is `moviedata.json` of
AWS's DynamoDB tutorial: a list of `{"year": 2013, "title": "Rush", "info": {"rating": 8.3, ...}}`.
Needs `pip install adorm rich`. The table has a name of its own and is deleted at the end, unless
`--keep` is given.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import adorm
from adorm import attr, not_none

YEAR = 2013
GOOD = Decimal(8)
LONG = timedelta(minutes=150)
DIRECTOR = "Steven Spielberg"
RAISED = (2013, "Rush")


@adorm.model
class Info:
    """What the file tells of a film. Any of it may be absent, and is stored as absence then."""

    directors: list[str] = adorm.attribute(factory=list, omit_empty=True)
    actors: list[str] = adorm.attribute(factory=list, omit_empty=True)
    genres: list[str] = adorm.attribute(factory=list, omit_empty=True)
    release_date: date | None = None
    running_time: timedelta | None = adorm.attribute(default=None, name="running_time_secs")
    rank: int | None = None
    plot: str | None = None
    image_url: str | None = None


@adorm.model(
    table="movies",
    indexes=[
        adorm.GlobalIndex("by-director", partition="director", sort="year"),
        adorm.GlobalIndex("by-rating", partition="year", sort="rating", projection="KEYS_ONLY"),
    ],
)
class Film:
    """A key of an index must be an attribute at the top, so the first director and the rating stand
    there.

    Both are absent where the file has none, and a film without them is not in the index: it is
    sparse.
    """

    year: int = adorm.partition_key()
    title: str = adorm.sort_key()
    director: str | None = None
    rating: Decimal | None = None
    info: Info = adorm.attribute(factory=Info)


@attrs.frozen(kw_only=True)
class Answers:
    """What `answer` found."""

    films_per_year: dict[int, int]
    average_rating: Decimal | None
    best_of_year: list[tuple[str, Decimal]]
    """Films of YEAR rated GOOD or better, the best first."""
    of_director: list[tuple[int, str]]
    """Films whose first director is DIRECTOR, the oldest first."""
    long_films: list[tuple[str, timedelta]]
    """Films of YEAR that run as long as LONG, or longer, by title."""
    dramas: int
    """How many films of YEAR have Drama among their genres."""
    raised_to: Decimal | None
    """The rating of RAISED after it was raised by 0.1."""
    refused_at: Decimal | None
    """The rating that stood there when the same update was tried again."""


# ---------------------------------------------------------------- the file


def read_films(path: Path) -> list[Film]:
    """The films of a file. Numbers are read exactly, as DynamoDB holds them."""
    return [
        as_film(entry)
        for entry in json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    ]


def as_film(entry: Mapping[str, Any]) -> Film:
    told = entry["info"]
    rating, released, seconds = (
        told.get("rating"),
        told.get("release_date"),
        told.get("running_time_secs"),
    )
    directors = told.get("directors", [])
    return Film(
        year=entry["year"],
        title=entry["title"],
        director=directors[0] if directors else None,
        rating=None if rating is None else Decimal(rating),
        info=Info(
            directors=directors,
            actors=told.get("actors", []),
            genres=told.get("genres", []),
            release_date=None if released is None else datetime.fromisoformat(released).date(),
            running_time=None if seconds is None else timedelta(seconds=seconds),
            rank=told.get("rank"),
            plot=told.get("plot"),
            image_url=told.get("image_url"),
        ),
    )


# ---------------------------------------------------------------- the database


async def load(
    db: adorm.Database,
    films: Sequence[Film],
    *,
    workers: int = 16,
    on_film: Callable[[], object] = lambda: None,
) -> None:
    """Put every film into the table, as many at a time as there are workers."""
    table = db.table(Film)
    waiting = iter(films)

    async def work() -> None:
        for film in waiting:
            await table.put(film)
            on_film()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
    except ExceptionGroup as failures:  # one of them tells enough
        raise failures.exceptions[0] from failures


async def differences(
    db: adorm.Database, films: Sequence[Film], *, on_film: Callable[[], object] = lambda: None
) -> list[Film]:
    """Read the whole table back: the films that are not stored as they were given, and those that
    nobody gave."""
    expected = {(film.year, film.title): film for film in films}
    different: list[Film] = []
    async with db.table(Film).scan().consistent().page_size(250).stream() as stored:
        async for film in stored:
            if expected.pop((film.year, film.title), None) != film:
                different.append(film)
            on_film()
    return different + list(expected.values())


async def answer(db: adorm.Database) -> Answers:
    """Ask for everything in `Answers`; the update comes last."""
    films = db.table(Film)

    # Over the whole table: a scan, asked for by name, that reads one attribute and keeps one page
    # in memory.
    films_per_year = await films.scan().count_by(Film.year)
    average_rating = await films.scan().avg(Film.rating)

    # A sparse index is asked for by name. It holds keys only, which is all that is selected here.
    by_rating = films.query(YEAR).index("by-rating").where(attr(Film.rating) >= GOOD).descending()
    best = await by_rating.select(Film.title, not_none(Film.rating))
    best.sort(key=lambda film: (-film[1], film[0]))  # an index has no order among equal sort keys

    by_director = films.query(DIRECTOR).index("by-director")
    of_director = sorted([(film.year, film.title) async for film in by_director])

    # A partition of the table, filtered, and only what is wanted of it, inside a map as well.
    running_time = not_none(Film.info.running_time)
    long_films = (
        await films.query(YEAR).filter(running_time >= LONG).select(Film.title, running_time)
    )
    dramas = await films.query(YEAR).filter(attr(Film.info.genres).contains("Drama")).count()

    # Raise a rating, only if it is still the one that was read. The second try comes too late, and
    # is told what is there.
    film = await films.get(*RAISED).consistent()
    before = film.rating or Decimal(0)
    raise_it = (
        films.update(*RAISED)
        .set(Film.rating, before + Decimal("0.1"))
        .when(Film.rating == film.rating)
        .returning("new")
    )
    raised = await raise_it
    refused_at = None
    try:
        await raise_it
    except adorm.ConditionalCheckFailed as error:
        refused_at = error.item.rating

    return Answers(
        films_per_year=films_per_year,
        average_rating=average_rating,
        best_of_year=best,
        of_director=of_director,
        long_films=long_films,
        dramas=dramas,
        raised_to=raised.rating,
        refused_at=refused_at,
    )


# ---------------------------------------------------------------- what is printed


def print_answers(console: Console, found: Answers) -> None:
    def title(text: str) -> None:
        console.print(f"\n{text}", style="bold", highlight=False, markup=False)

    def line(text: str) -> None:
        console.print(f"  {text}", highlight=False, markup=False, soft_wrap=True)

    years, most = sorted(found.films_per_year), max(found.films_per_year.values())
    title(f"Films per year, {years[0]} to {years[-1]}, the last twelve of {len(years)} years")
    for year in years[-12:]:
        count = found.films_per_year[year]
        line(f"{year} {count:4} {'▇' * round(count / most * 50)}")
    title("Average rating of the films that have one")
    line("none" if found.average_rating is None else f"{found.average_rating:.4f}")
    title(f"Best of {YEAR}, rated {GOOD} or better, by the index by-rating")
    for name, rating in found.best_of_year:
        line(f"{rating} {name}")
    title(f"Films by {DIRECTOR}, by the index by-director")
    for year, name in found.of_director:
        line(f"{year} {name}")
    title(
        f"Films of {YEAR} that run {LONG.seconds // 60} minutes or longer, by a filter and a "
        "projection"
    )
    for name, running_time in found.long_films:
        line(f"{running_time.seconds // 60} min {name}")
    title(f"Dramas of {YEAR}, counted by DynamoDB")
    line(f"{found.dramas} of {found.films_per_year[YEAR]} films")
    title(f"{RAISED[1]} ({RAISED[0]}) rated up by an update with a condition")
    line(
        f"{found.raised_to} is stored; the same update once more: ConditionalCheckFailed, "
        f"{found.refused_at} is stored already"
    )


async def show(
    console: Console, db: adorm.Database, films: Sequence[Film], *, table_name: str
) -> bool:
    """Load, read back, ask and print; False if a film did not come back as it was written."""
    columns = (
        TextColumn("{task.description:12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        writing = progress.add_task("writing", total=len(films))
        await load(db, films, on_film=lambda: progress.advance(writing))
        reading = progress.add_task("reading back", total=len(films))
        different = await differences(db, films, on_film=lambda: progress.advance(reading))
    if different:
        console.print(
            f"{len(different)} films in {table_name} are not as they were written, such as "
            f"{different[0]!r}",
            style="red",
            markup=False,
        )
        return False
    console.print(f"All {len(films):,} films in {table_name} read back equal to what was written.")
    print_answers(console, await answer(db))
    return True


async def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Load 4,609 films into DynamoDB, and ask about them."
    )
    parser.add_argument("path", type=Path, help="the file of films, JSON")
    parser.add_argument(
        "--endpoint-url",
        help="where to, such as http://127.0.0.1:8000; default is a DynamoDB inside the process",
    )
    parser.add_argument(
        "--region", help="the AWS region; without an endpoint it means DynamoDB itself"
    )
    parser.add_argument("--keep", action="store_true", help="leave the table there")
    options = parser.parse_args(argv)
    try:
        films = read_films(options.path)
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError) as error:
        parser.error(f"{options.path} can't be read as a file of films: {error}")

    if options.endpoint_url is None and options.region is None:
        db = adorm.connect("memory")
    else:
        db = adorm.connect(
            endpoint_url=options.endpoint_url,
            region=options.region,
            table_prefix=f"adorm-{uuid4().hex[:8]}-",
        )
    console = Console()
    async with db:
        table = await db.create_table(Film)
        try:
            return 0 if await show(console, db, films, table_name=table.name) else 1
        finally:
            if options.keep:
                console.print(f"\nThe table {table.name} stays.")
            else:
                await db.delete_table(table.name)


if __name__ == "__main__":
    try:
        raise SystemExit(asyncio.run(main()))
    except adorm.AdormError as error:
        raise SystemExit(f"movies: {type(error).__name__}: {error}") from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None
