"""The engine refuses changes of a setting that come too often, as the service does."""

from __future__ import annotations

from tests.memory.table_setup import UNITS, Tables, provisioned


def ttl(tables: Tables, *, on: bool) -> None:
    tables.call("UpdateTimeToLive", **ttl_request(on=on))


def ttl_request(*, on: bool) -> dict[str, object]:
    return {
        "TableName": "orders",
        "TimeToLiveSpecification": {"AttributeName": "exp", "Enabled": on},
    }


def test_time_to_live_is_changed_once_an_hour() -> None:
    tables = Tables(delay_s=0.0)
    tables.create()
    ttl(tables, on=True)
    assert tables.refusal("UpdateTimeToLive", **ttl_request(on=False)) == (
        "ValidationException",
        "Time to live has been modified multiple times within a fixed interval",
    )
    tables.wait(3600.0)
    ttl(tables, on=False)


def test_a_table_goes_to_on_demand_four_times_a_day() -> None:
    tables = Tables(delay_s=0.0)
    tables.create(**provisioned())
    for _ in range(4):
        tables.update(BillingMode="PAY_PER_REQUEST")
        tables.update(**provisioned())
    code, text = tables.refused_update(BillingMode="PAY_PER_REQUEST")
    assert (code, "limited to 4 times" in text) == ("LimitExceededException", True)
    assert tables.describe()["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    tables.wait(24 * 3600.0)
    tables.update(BillingMode="PAY_PER_REQUEST")


def test_a_table_changes_its_class_twice_in_thirty_days() -> None:
    tables = Tables(delay_s=0.0)
    tables.create()
    tables.update(TableClass="STANDARD_INFREQUENT_ACCESS")
    tables.update(TableClass="STANDARD")
    code, text = tables.refused_update(TableClass="STANDARD_INFREQUENT_ACCESS")
    assert (code, "limited to 2 times" in text) == ("LimitExceededException", True)
    tables.wait(30 * 24 * 3600.0)
    tables.update(TableClass="STANDARD_INFREQUENT_ACCESS")


def test_an_engine_whose_tables_are_active_at_once_lets_nobody_wait() -> None:
    tables = Tables()
    tables.create(**provisioned())
    for _ in range(3):
        ttl(tables, on=True)
        ttl(tables, on=False)
        tables.update(TableClass="STANDARD_INFREQUENT_ACCESS")
        tables.update(TableClass="STANDARD")
    assert (
        tables.describe()["ProvisionedThroughput"]["WriteCapacityUnits"]
        == UNITS["WriteCapacityUnits"]
    )
