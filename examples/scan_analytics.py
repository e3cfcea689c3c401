"""Figures of 4,609 films by a parallel scan, with live progress and a budget of read units.

    python examples/scan_analytics.py moviedata.json              # a DynamoDB inside the process
    python examples/scan_analytics.py moviedata.json --endpoint-url http://127.0.0.1:8000 \\
        --region eu-central-1
    python examples/scan_analytics.py moviedata.json --read-units-per-s 20    # time for Ctrl-C

After Ctrl-C it leaves a file with a checkpoint and the figures so far. The same command goes on
from there: every film is counted once. The file of films and the models are those of `movies.py`.
Needs `pip install adorm rich`. The table has a name of its own. It stays while there is a
checkpoint, and is deleted at the end, unless `--keep` is given.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import attrs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import adorm
from adorm import attr, not_none

try:
    from examples.movies import Film, load, read_films
except ModuleNotFoundError:  # run as a script: this folder is on the path, not the one above
    from movies import Film, load, read_films  # type: ignore[import-not-found,no-redef]  # the same module

PAGE_ITEMS = 200
"""Films that a request reads: few, so that a Ctrl-C in so small a table comes in the middle."""
SAVE_EVERY_S = 1.0
EXCELLENT = Decimal("8.8")


@attrs.define
class Figures:
    """What is counted film by film."""

    films: int = 0
    rated: int = 0
    ratings: Decimal = Decimal(0)
    """The sum of all."""
    seconds: int = 0
    """Of all running times."""
    by_genre: Counter[str] = attrs.field(factory=Counter[str])
    by_decade: Counter[int] = attrs.field(factory=Counter[int])

    def add(self, film: Film) -> None:
        self.films += 1
        if film.rating is not None:
            self.rated += 1
            self.ratings += film.rating
        if film.info.running_time is not None:
            self.seconds += film.info.running_time.seconds
        self.by_genre.update(film.info.genres)
        self.by_decade[film.year // 10 * 10] += 1


@attrs.define
class Saved:
    """How far it came, in a file that outlives the process."""

    place: str
    """Where the table is: an endpoint and region, or "memory"."""
    table_prefix: str
    checkpoint: str | None = None
    """None: the scan has not begun."""
    figures: Figures = attrs.field(factory=Figures)

    def write(self, path: Path) -> None:
        """Replace the file at once, so that a crash leaves the old one or the new one."""
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(json.dumps(attrs.asdict(self), default=str), encoding="utf-8")
        fresh.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """What the file says; None where there is none."""
        if not path.exists():
            return None
        told = json.loads(path.read_text(encoding="utf-8"))
        figures = told.pop("figures")
        figures["ratings"] = Decimal(figures["ratings"])
        figures["by_genre"] = Counter(figures["by_genre"])
        figures["by_decade"] = Counter(
            {int(decade): count for decade, count in figures["by_decade"].items()}
        )
        return cls(figures=Figures(**figures), **told)


@attrs.frozen(kw_only=True)
class Answers:
    """What adorm's own aggregates say, a scan each."""

    films: int
    rating_sum: Decimal
    rating_average: Decimal | None
    rating_best: Decimal | None
    films_per_year: dict[int, int]
    longest: tuple[int, str]
    """Its seconds and its title."""
    films_of: dict[str, int]
    """The directors of EXCELLENT films, and how many films the table has of each."""


# ---------------------------------------------------------------- the scans


async def count(
    db: adorm.Database,
    saved: Saved,
    *,
    segments: int,
    units_per_s: float | None = None,
    on_film: Callable[[int], object] = lambda finished: None,
    on_save: Callable[[], object] = lambda: None,
) -> None:
    """Count every film in `saved`, from its checkpoint on. `on_film` hears how many segments are
    finished, `on_save` when to write.

    However it ends, checkpoint and figures go together: nothing is awaited between taking a film
    and counting it.
    """
    scan = db.table(Film).scan().page_size(PAGE_ITEMS)
    scan = scan.segments(segments) if saved.checkpoint is None else scan.resume(saved.checkpoint)
    if units_per_s is not None:
        scan = scan.read_units_per_s(units_per_s)
    async with scan.stream() as rows:

        def save() -> None:
            saved.checkpoint = rows.checkpoint()
            on_save()

        save_at_s = time.monotonic() + SAVE_EVERY_S  # for a crash, which gives no notice
        try:
            async for film in rows:
                saved.figures.add(film)
                on_film(sum(outcome.finished for outcome in rows.outcomes))
                if time.monotonic() >= save_at_s:
                    save()
                    save_at_s += SAVE_EVERY_S
        finally:
            save()


async def ask(db: adorm.Database, *, segments: int) -> Answers:
    """The same and more, by aggregates: memory is a page for each segment."""
    scan = db.table(Film).scan().segments(segments)

    def longer(longest: tuple[int, str], film: tuple[Any, ...]) -> tuple[int, str]:
        title, running_time = film
        return max(longest, (0 if running_time is None else running_time.seconds, title))

    films_of: dict[str, int] = {}

    async def look_up(film: tuple[str | None]) -> None:
        (director,) = film
        if director is not None:
            films_of[director] = await db.table(Film).query(director).index("by-director").count()

    # A worker awaits what it likes, eight of them at a time, while the segments are read.
    await (
        scan.filter(attr(Film.rating) >= EXCELLENT).select(Film.director).for_each(look_up, limit=8)
    )
    return Answers(
        films=await scan.count(),
        rating_sum=await scan.sum(not_none(Film.rating)),
        rating_average=await scan.avg(Film.rating),
        rating_best=await scan.max(Film.rating),
        films_per_year=await scan.count_by(Film.year),
        longest=await scan.select(Film.title, Film.info.running_time).fold((0, ""), longer),
        films_of=films_of,
    )


# ---------------------------------------------------------------- what is printed


def print_figures(console: Console, figures: Figures, found: Answers) -> None:
    def title(text: str) -> None:
        console.print(f"\n{text}", style="bold", highlight=False, markup=False, soft_wrap=True)

    def line(text: str) -> None:
        console.print(f"  {text}", highlight=False, markup=False, soft_wrap=True)

    def bars(counts: Sequence[tuple[object, int]]) -> None:
        most = max((count for _name, count in counts), default=1)
        for name, count in counts:
            line(f"{name!s:12} {count:5} {'▇' * round(count / most * 40)}")

    title("Counted film by film, across all runs")
    line(f"{figures.films:,} films, {figures.seconds / 3600:,.1f} hours")
    line(f"{figures.rated:,} rated, {figures.ratings} in sum")
    title("Most frequent genres")
    bars(sorted(figures.by_genre.items(), key=lambda each: (-each[1], each[0]))[:8])
    title("Films by decade")
    bars([(f"{decade}s", count) for decade, count in sorted(figures.by_decade.items())])

    year, most = max(
        found.films_per_year.items(), key=lambda each: (each[1], each[0]), default=(0, 0)
    )
    title("The same by adorm's aggregates, a scan each")
    line(
        f"{found.films:,} films by count(), {found.rating_sum} by sum(), most of them in {year} by "
        f"count_by(): {most}"
    )
    line(
        f"on average {found.rating_average or 0:.4f} by avg(), the best {found.rating_best} by "
        "max()"
    )
    seconds, name = found.longest
    line(f"the longest by fold(): {seconds // 60} minutes, {name}")
    title(
        f"Directors of films rated {EXCELLENT} or better, and how many films there are of each, by "
        "for_each()"
    )
    for director, films in sorted(found.films_of.items()):
        line(f"{films:3} {director}")


# ---------------------------------------------------------------- the command


@attrs.frozen
class Options:
    """What the command line asks for."""

    path: Path
    endpoint_url: str | None
    region: str | None
    segments: int
    read_units_per_s: float | None
    checkpoint: Path
    keep: bool

    @property
    def place(self) -> str:
        return (
            "memory"
            if self.in_memory
            else f"{self.endpoint_url or 'DynamoDB'}, {self.region or 'the usual region'}"
        )

    @property
    def in_memory(self) -> bool:
        return self.endpoint_url is None and self.region is None


async def run(
    options: Options, saved: Saved | None, films: Sequence[Film], console: Console
) -> None:
    """Load what is not there, count, ask, print."""
    begins = saved is None
    if saved is None:
        saved = Saved(options.place, "" if options.in_memory else f"adorm-{uuid4().hex[:8]}-")
    if options.in_memory:
        db = adorm.connect("memory")
    else:
        db = adorm.connect(
            endpoint_url=options.endpoint_url,
            region=options.region,
            table_prefix=saved.table_prefix,
        )
    table_name = f"{saved.table_prefix}movies"
    columns = (
        TextColumn("{task.description:9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    async with db:
        with Progress(*columns, console=console) as progress:
            if begins or options.in_memory:  # what is in memory went with the process before
                await fill(db, films, progress, table_name)
            saved.write(options.checkpoint)
            if not begins:
                console.print(
                    f"Going on after {saved.figures.films:,} films, as {options.checkpoint} says."
                )
            await count_with_progress(db, saved, options, progress, len(films))
        with console.status("asking for aggregates, a scan each"):
            answers = await ask(db, segments=options.segments)
        print_figures(console, saved.figures, answers)
        if options.keep:
            console.print(f"\nThe table {table_name} stays.", highlight=False)
        else:
            await db.delete_table(table_name)
    options.checkpoint.unlink()


async def fill(
    db: adorm.Database, films: Sequence[Film], progress: Progress, table_name: str
) -> None:
    """Create the table with all the films in it, or leave none."""
    await db.create_table(Film)
    writing = progress.add_task("writing", total=len(films), note="")
    try:
        await load(db, films, on_film=lambda: progress.advance(writing))
    except BaseException:
        await db.delete_table(table_name)
        raise


async def count_with_progress(
    db: adorm.Database, saved: Saved, options: Options, progress: Progress, films: int
) -> None:
    scanning = progress.add_task("scanning", total=films, completed=saved.figures.films, note="")

    def show(finished: int) -> None:
        progress.update(scanning, advance=1, note=f"{finished} segments finished")

    def save() -> None:
        saved.write(options.checkpoint)

    units_per_s = options.read_units_per_s
    await count(
        db, saved, segments=options.segments, units_per_s=units_per_s, on_film=show, on_save=save
    )


def read_options(argv: Sequence[str] | None) -> tuple[Options, Saved | None, list[Film]]:
    parser = argparse.ArgumentParser(
        description="Count 4,609 films by a parallel scan that may be interrupted."
    )
    parser.add_argument("path", type=Path, help="the file of films, JSON")
    parser.add_argument(
        "--endpoint-url",
        help="where to, such as http://127.0.0.1:8000; default is a DynamoDB inside the process",
    )
    parser.add_argument(
        "--region", help="the AWS region; without an endpoint it means DynamoDB itself"
    )
    parser.add_argument(
        "--segments", type=int, default=8, help="how many parts are read side by side, 8 by default"
    )
    parser.add_argument(
        "--read-units-per-s", type=float, help="consume no more than this while counting"
    )
    default = Path("scan_analytics.checkpoint.json")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=default,
        help=f"where to leave how far it came, {default} by default",
    )
    parser.add_argument("--keep", action="store_true", help="leave the table there")
    options = Options(**vars(parser.parse_args(argv)))
    if not 1 <= options.segments <= 10_000:
        parser.error("--segments: from 1 to 10,000")
    if options.read_units_per_s is not None and not 0 < options.read_units_per_s < math.inf:
        parser.error("--read-units-per-s: a positive number")
    try:
        films = read_films(options.path)
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError) as error:
        parser.error(f"{options.path} can't be read as a file of films: {error}")
    try:
        saved = Saved.read(options.checkpoint)
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError) as error:
        parser.error(
            f"{options.checkpoint} is no file of this program, or a damaged one ({error}): remove "
            "it to begin anew"
        )
    if saved is not None and saved.place != options.place:
        parser.error(
            f"{options.checkpoint} is of a scan at {saved.place}: give the same options, or remove "
            "it to begin anew"
        )
    return options, saved, films


def main(argv: Sequence[str] | None = None) -> int:
    options, saved, films = read_options(argv)
    console = Console()
    try:
        asyncio.run(run(options, saved, films, console))
    except KeyboardInterrupt:  # asyncio.run has cancelled the work first, and waited for it
        left = Saved.read(options.checkpoint)
        if left is None:
            console.print("\nInterrupted before anything was counted.", highlight=False)
        else:
            console.print(
                f"\nInterrupted after {left.figures.films:,} of {len(films):,} films. The same "
                "command goes on from there."
            )
            if not options.in_memory:
                console.print(
                    f"The table {left.table_prefix}movies stays until then.", highlight=False
                )
        return 130
    except adorm.AdormError as error:
        hint = (
            f"\nThe same command tries again; remove {options.checkpoint} to begin anew."
            if options.checkpoint.exists()
            else ""
        )
        raise SystemExit(f"scan_analytics: {type(error).__name__}: {error}{hint}") from error
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
