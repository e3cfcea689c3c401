"""`examples/migrate_movies.py`: films are moved beside a writer, and all are equal at the end."""

from __future__ import annotations

import pytest

from examples import migrate_movies

pytestmark = pytest.mark.anyio


async def test_films_are_moved_beside_a_writer(capsys: pytest.CaptureFixture[str]) -> None:
    assert await migrate_movies.main(["--films", "200"]) == 0
    said = capsys.readouterr().out
    assert "It is killed, and goes on:" in said
    assert "0 failed" in said
    assert "all equal." in said


async def test_a_trailer_is_left_out_and_a_film_becomes_a_picture() -> None:
    trailer = migrate_movies.Film(year=1999, title="x", tags=["trailer"])
    assert migrate_movies.picture_of(trailer) is None
    film = migrate_movies.Film(year=1999, title="x", rating="7.5", tags=["drama", "colour"])
    picture = migrate_movies.picture_of(film)
    assert picture is not None
    assert (picture.picture_id, picture.decade, picture.genres) == ("1999/x", 1990, ["drama"])
