"""Films moved to a table with another model and another key, while a writer goes on changing them.

    python examples/migrate_movies.py                             # a DynamoDB inside the process
    python examples/migrate_movies.py --films 4000 --endpoint-url http://127.0.0.1:8000 \\
        --region eu-central-1

The migration is stopped in the middle, as by a crash, and goes on by its checkpoint file. At the
end both tables are compared. The tables have names of their own and are deleted at the end, unless
`--keep` is given.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from uuid import uuid4

import adorm


@adorm.model(table="films")
class Film:
    """The old model: a rating as text, and everything in one list of tags."""

    year: int = adorm.partition_key()
    title: str = adorm.sort_key()
    rating: str = ""
    tags: list[str] = adorm.attribute(factory=list[str])
    votes: int = 0


@adorm.model(
    table="pictures",
    indexes=[adorm.GlobalIndex("by-rating", partition="decade", sort="rating")],
)
class Picture:
    """The new model: a key of one attribute, a rating that can be compared, and genres."""

    picture_id: str = adorm.partition_key()
    decade: int
    title: str
    rating: Decimal | None = None
    genres: list[str] = adorm.attribute(factory=list[str])
    votes: int = 0


def picture_of(film: Film) -> Picture | None:
    """The picture that a film becomes; a trailer is left out."""
    if "trailer" in film.tags:
        return None
    return Picture(
        picture_id=f"{film.year}/{film.title}",
        decade=film.year // 10 * 10,
        title=film.title,
        rating=Decimal(film.rating) if film.rating else None,
        genres=[tag for tag in film.tags if tag != "colour"],
        votes=film.votes,
    )


def make_films(number: int, random: Random) -> list[Film]:
    """Films with invented titles."""
    tags = ["drama", "comedy", "western", "colour", "trailer"]
    return [
        Film(
            year=random.randint(1930, 2019),
            title=f"The {random.choice(['Long', 'Last', 'Lost', 'Late'])} Night, part {each}",
            rating=str(Decimal(random.randint(10, 99)) / 10) if random.random() < 0.8 else "",
            tags=random.sample(tags, random.randint(0, 3)),
        )
        for each in range(number)
    ]


WRITERS = 8
"""How many tasks of the writer write at a time."""


class Writer:
    """A program that votes for films and takes some of them out, as before the migration.

    After each write it tells the migration the key. A Lambda function on the table's stream, made
    by `migration.stream_handler()`, would do the same without a change of this program.
    """

    def __init__(
        self,
        db: adorm.Database,
        films: Sequence[Film],
        migration: adorm.Migration[Film, Picture],
        random: Random,
    ) -> None:
        self._table = db.table(Film)
        self._keys = [(film.year, film.title) for film in films]
        self._migration = migration
        self._random = random
        self.writes = 0
        self.stops = False

    async def run(self) -> None:
        """Write until `stops` is set."""
        while not self.stops:
            year, title = self._random.choice(self._keys)
            if self._random.random() < 0.05:
                await self._table.delete(year, title)
            else:
                # a vote for a film that was deleted is lost, as it always was
                update = self._table.update(year, title).add(Film.votes, 1)
                try:
                    await update
                except adorm.ItemNotFound:
                    continue
            self.writes += 1
            await self._migration.sync(year, title)


async def stopped_in_the_middle(migration: adorm.Migration[Film, Picture], most_items: int) -> None:
    """Run the migration, and cancel it once it has read so many items."""
    is_far_enough = asyncio.Event()

    def report(progress: adorm.Progress) -> None:
        print(f"  {progress.done:,} films read")
        if progress.done >= most_items:
            is_far_enough.set()

    running = asyncio.ensure_future(migration.on_progress(report).run())
    await is_far_enough.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def show(db: adorm.Database, number: int, checkpoint: Path) -> bool:
    """Load the films, migrate them beside the writer, and compare; whether all is equal."""
    random = Random(7)  # noqa: S311  # not for secrets
    films = make_films(number, random)
    await db.table(Film).batch_write(puts=films)
    print(f"{len(films):,} films are in {db.table(Film).name}.")

    migration = db.table(Film).migrate_to(db.table(Picture), picture_of).segments(4)
    trial = await migration.dry_run(100)
    print(
        f"Dry run of {min(number, 100)}: {trial.would_change} would be written, "
        f"{trial.dropped} are left out, {trial.failed} fail."
    )

    writer = Writer(db, films, migration, random)
    writing = [asyncio.ensure_future(writer.run()) for _ in range(WRITERS)]
    try:
        print("The migration begins, while the writer writes:")
        await stopped_in_the_middle(migration.checkpoint(checkpoint), number // 2)
        print("It is killed, and goes on:")
        report = await migration.checkpoint(checkpoint)
        print(f"  {report.changed:,} pictures written, {report.failed} failed.")
    finally:
        writer.stops = True
        await asyncio.gather(*writing)
    print(f"The writer has stopped after {writer.writes:,} writes.")

    check = await migration.verify(mend=True)
    print(f"Found to mend: {check.missing + check.stale + check.orphans}.")
    check = await migration.verify()
    print(
        f"{check.source_items:,} films and {check.target_items:,} pictures: "
        f"{'all equal' if check.equal else 'NOT EQUAL'}."
    )
    print(f"{await migration.finish():,} stamps are taken off.")
    nineties = db.table(Picture).query().index("by-rating").where(Picture.decade == 1990)
    best = await nineties.descending().first()
    if best is not None:
        print(f"The best of the nineties: {best.title}, {best.rating}.")
    return check.equal


async def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Move films to a new table beside a writer.")
    parser.add_argument("--films", type=int, default=1000, help="how many films there are")
    parser.add_argument(
        "--endpoint-url",
        help="where to, such as http://127.0.0.1:8000; default is a DynamoDB inside the process",
    )
    parser.add_argument(
        "--region", help="the AWS region; without an endpoint it means DynamoDB itself"
    )
    parser.add_argument("--keep", action="store_true", help="leave the tables there")
    options = parser.parse_args(argv)
    if options.endpoint_url is None and options.region is None:
        db = adorm.connect("memory")
    else:
        db = adorm.connect(
            endpoint_url=options.endpoint_url,
            region=options.region,
            table_prefix=f"adorm-{uuid4().hex[:8]}-",
        )
    async with db:
        names = [(await db.create_table(model)).name for model in (Film, Picture)]
        try:
            with tempfile.TemporaryDirectory() as folder:
                is_equal = await show(db, options.films, Path(folder) / "migration.json")
            return 0 if is_equal else 1
        finally:
            for name in names:
                if options.keep:
                    print(f"The table {name} stays.")
                else:
                    await db.delete_table(name)


if __name__ == "__main__":
    try:
        raise SystemExit(asyncio.run(main()))
    except adorm.AdormError as error:
        raise SystemExit(f"migrate_movies: {type(error).__name__}: {error}") from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None
