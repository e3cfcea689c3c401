"""The planner: which table or index serves a query, and why not another."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

import adorm
from adorm import attr, or_
from adorm.query.query import Query

GLOBAL = adorm.GlobalIndex


@adorm.model(
    table="matches",
    indexes=[
        GLOBAL("by-player", partition="player", sort="round", projection=["score"]),
        GLOBAL("by-player-all", partition="player", sort="day"),
        GLOBAL("by-place", partition=["country", "city"], sort=["day", "round", "court"]),
        GLOBAL("by-referee", partition="referee"),
        GLOBAL("by-day", partition="day", sort="referee"),
        adorm.LocalIndex("by-score", sort="score"),
    ],
)
class Match:
    cup: str = adorm.partition_key()
    match_id: str = adorm.sort_key()
    player: str = ""
    round: int = 0
    score: int = 0
    country: str = ""
    city: str = ""
    court: int = 0
    day: date = date(2026, 1, 1)
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    referee: str | None = None


matches = adorm.connect("memory").table(Match)
DAY = date(2026, 6, 1)


def spelled(query: Query[Any]) -> tuple[str | None, str | None, str | None]:
    plan = query.explain()
    request = query.request()

    def with_values(text: str | None) -> str | None:
        if text is None:
            return None
        for placeholder, value in sorted(
            request["ExpressionAttributeValues"].items(), key=lambda pair: -len(pair[0])
        ):
            text = text.replace(placeholder, str(next(iter(value.values()))))
        return text

    return plan.index, with_values(plan.key_condition), with_values(plan.filter)


def test_the_table_comes_before_any_index() -> None:
    assert spelled(matches.query("uefa")) == (None, "cup = uefa", None)
    assert spelled(
        matches.query().where(Match.cup == "uefa", Match.match_id > "m", Match.player == "p")
    ) == (
        None,
        "cup = uefa AND match_id > m",
        "player = p",
    )


def test_the_longest_sort_prefix_wins() -> None:
    assert spelled(matches.query("uefa").where(Match.score > 3)) == (
        "by-score",
        "cup = uefa AND score > 3",
        None,
    )


def test_an_index_that_holds_what_is_read_comes_before_one_that_does_not() -> None:
    assert spelled(matches.query().where(Match.player == "p"))[0] == "by-player-all"
    assert (
        spelled(matches.query().where(Match.player == "p", Match.round > 1).select(Match.score))[0]
        == "by-player"
    )
    assert (
        spelled(matches.query().where(Match.player == "p").select(Match.score))[0] == "by-player"
    )  # the first declared of two
    assert spelled(matches.query().where(Match.player == "p", Match.round > 1)) == (
        "by-player-all",
        "player = p",
        "round > 1",
    )
    assert (
        spelled(matches.query().where(Match.player == "p", Match.round > 1).hydrate())[0]
        == "by-player"
    )


def test_several_attributes_a_side_need_all_partitions_and_take_a_prefix_of_the_sorts() -> None:
    place = matches.query().where(Match.country == "de", Match.city == "Berlin")
    assert spelled(place) == ("by-place", "country = de AND city = Berlin", None)
    assert spelled(place.where(Match.day == DAY, Match.round >= 2)) == (
        "by-place",
        "country = de AND city = Berlin AND day = 2026-06-01 AND round >= 2",
        None,
    )
    assert spelled(
        place.where(Match.day == DAY, Match.round == 2, attr(Match.court).between(1, 3))
    )[1] == (
        "country = de AND city = Berlin "
        "AND day = 2026-06-01 AND round = 2 AND court BETWEEN 1 AND 3"
    )
    with pytest.raises(
        adorm.UsageError,
        match=r"by-place.*round can be used only after == on the sort fields before it",
    ):
        place.where(Match.round == 2).request()
    with pytest.raises(adorm.UsageError, match=r"by-place.*round can be used only after =="):
        place.where(Match.day > DAY, Match.round == 2).request()
    with pytest.raises(adorm.UsageError, match=r"by-place.*city is not given"):
        matches.query().where(Match.country == "de").request()
    with pytest.raises(adorm.UsageError, match="takes 2 values, not 1: give all of them, or where"):
        matches.query("de").index("by-place").request()


def test_a_sparse_index_serves_only_when_it_is_asked_for_or_constrained() -> None:
    assert spelled(matches.query().where(Match.referee == "r")) == (
        "by-referee",
        "referee = r",
        None,
    )
    with pytest.raises(
        adorm.UsageError,
        match=r"items without referee are not in it: name it by .index\('by-day'\)",
    ):
        matches.query().where(Match.day == DAY).request()
    assert spelled(matches.query().where(Match.day == DAY).index("by-day"))[0] == "by-day"
    assert spelled(matches.query(DAY).index("by-day"))[1] == "day = 2026-06-01"
    assert (
        spelled(matches.query().where(Match.day == DAY, attr(Match.referee).begins_with("a")))[0]
        == "by-day"
    )


def test_an_index_on_a_field_that_is_left_out_when_empty_is_sparse() -> None:
    @adorm.model(table="papers", indexes=[GLOBAL("by-owner", partition="owner", sort="title")])
    class Paper:
        paper_id: str = adorm.partition_key()
        owner: str = ""
        title: str = adorm.attribute(default="", omit_empty=True)

    papers = adorm.connect("memory").table(Paper)
    with pytest.raises(
        adorm.UsageError,
        match=r"items without title are not in it: name it by .index\('by-owner'\)",
    ):
        papers.query().where(Paper.owner == "me").request()
    assert spelled(papers.query().where(Paper.owner == "me", Paper.title == "x"))[0] == "by-owner"


def test_two_ends_become_one_between() -> None:
    def key(*conditions: Any) -> str | None:
        return spelled(matches.query("u").where(*conditions))[1]

    assert key(Match.score >= 1, Match.score <= 5) == "cup = u AND score BETWEEN 1 AND 5"
    assert key(Match.score > 1, Match.score < 5) == "cup = u AND score BETWEEN 2 AND 4"
    assert (
        key(Match.match_id >= "a", Match.match_id <= "b") == "cup = u AND match_id BETWEEN a AND b"
    )
    with pytest.raises(
        adorm.UsageError, match="match_id: one ==, <, <=, >, >=, between or begins_with"
    ):
        key(Match.match_id > "a", Match.match_id <= "b")
    with pytest.raises(adorm.UsageError, match="the range from 5 to 3 is empty"):
        key(Match.score >= 5, Match.score <= 3)
    with pytest.raises(
        adorm.UsageError, match=r"Match\.day > 9999-12-31: there is no time beyond that"
    ):
        matches.query("de").index("by-player-all").where(
            Match.day > date.max, Match.day <= date.max
        ).request()
    with pytest.raises(adorm.UsageError, match="a key condition can't say"):
        key(Match.match_id == "a", Match.match_id == "b")


def test_what_no_key_can_say_is_a_filter_but_never_on_a_key_of_what_is_read() -> None:
    assert (
        spelled(matches.query("u").where(or_(Match.score > 1, Match.round == 2)))[2]
        == "score > 1 OR round = 2"
    )
    with pytest.raises(
        adorm.UsageError,
        match=r"Match.match_id is part of its key, and DynamoDB takes no filter on that",
    ):
        matches.query("u").filter(Match.match_id != "x").request()
    # The table's key is no key of a global index.
    assert (
        spelled(matches.query().where(Match.player == "p", attr(Match.match_id).contains("x")))[2]
        == "contains(match_id, x)"
    )


def test_a_key_condition_in_a_filter_is_told_where_it_belongs() -> None:
    with pytest.raises(
        adorm.UsageError,
        match=r"Match\.match_id is part of its key.*: move .* from \.filter\(.*\) to \.where",
    ):
        matches.query("u").filter(Match.match_id == "x").request()
    with pytest.raises(adorm.UsageError) as caught:
        matches.query("u").filter(Match.match_id != "x").request()  # no key condition can say this
    assert "where" not in str(caught.value)


def test_a_filter_on_what_an_index_does_not_hold_would_leave_items_out() -> None:
    query = (
        matches.query()
        .where(Match.player == "p", Match.round == 1)
        .select(Match.score)
        .index("by-player")
    )
    assert query.request()["IndexName"] == "by-player"
    with pytest.raises(adorm.UsageError, match=r"it does not hold city, which the filter reads"):
        query.filter(Match.city == "x").request()


def test_the_explanation_tells_what_spoke_against_the_others() -> None:
    plan = matches.query().where(Match.player == "p", Match.round > 1).explain()
    assert plan.operation == "Query"
    assert "index 'by-player-all': the key condition is on player" in plan.reason
    assert "index 'by-player': serves too" in plan.reason
    assert "the table: cup is not given by one ==" in plan.reason
    assert "0.5 read units for each 4 KB" in str(plan)


def test_a_partition_given_by_position_is_the_table_s() -> None:
    query = matches.query("uefa").where(Match.player == "p", Match.day > DAY)
    assert spelled(query) == (None, "cup = uefa", "player = p AND day > 2026-06-01")
    assert spelled(query.where(Match.score > 3))[0] == "by-score"
    assert (
        "index 'by-player': query(...) was given a partition of the table" in query.explain().reason
    )


def test_consistent_reads_rule_out_global_indexes() -> None:
    assert (
        spelled(
            matches.query()
            .where(Match.cup == "c", Match.player == "p", Match.day > DAY)
            .consistent()
        )[0]
        is None
    )
    with pytest.raises(adorm.UsageError, match="no consistent reads on a global index"):
        matches.query().where(Match.player == "p").consistent().request()
    with pytest.raises(
        adorm.UsageError, match="is global, and DynamoDB reads those eventually consistent only"
    ):
        matches.query("p").index("by-player-all").consistent().request()


def test_a_plan_is_priced_by_what_its_operation_does() -> None:
    prices = adorm.PriceTable(per_million_read_units=1.0, per_million_write_units=10.0)
    read = matches.get("c1", "m1").consistent().explain()
    assert read.price(prices) == pytest.approx((1e-6, 1e-4))
    assert matches.delete("c1", "m1").explain().price(prices) == pytest.approx((1e-5, 4e-3))
    assert read.price() == pytest.approx((0.125e-6, 0.125e-4))
