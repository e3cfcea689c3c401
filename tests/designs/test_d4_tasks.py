"""The task manager: the keys that ElectroDB writes, and every access pattern of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

import adorm
from adorm import attr
from tests.designs.d4_tasks import Employee, Office, Task, tasks_table
from tests.support.keyed_models import raw_items

pytestmark = pytest.mark.anyio


def office(city: str, zip_code: str, name: str, state: str = "CA") -> Office:
    return Office(
        office_name=name, country="US", state=state, city=city, zip=zip_code, address="1 Main St"
    )


OFFICES = [
    office("Irvine", "92602", "Irvine"),
    office("Irvine", "92603", "Irvine West"),
    office("Irvine2", "92610", "Second Irvine"),
    office("Mountain View", "94035", "Mountain View"),
    office("Santa Ana", "92701", "Santa Ana"),
    office("Portland", "97035", "Portland", "OR"),
]
TEAMS = ("jupiter", "marketing", "Jupiter2")
TITLES = ("Junior Software Engineer", "CTO", "Senior")
EMPLOYEES = [
    Employee(
        employee=f"E{number:02d}" if number else "JExotic",
        office_name=OFFICES[number % 4].office_name,
        team=TEAMS[number % 3],
        title=TITLES[number % 2],
        salary=str(90_000 + 1_000 * number),
        manager="PMayer" if number % 5 else "PMayer2",
        date_hired=date(2019 + number % 8, 1 + number % 12, 1),
    )
    for number in range(40)
]
TASKS = [
    Task(
        task_name=f"t{number}",
        project="135-53" if number % 2 else "135-531",
        employee=EMPLOYEES[number % 7].employee,
        points=number,
        status="open" if number % 3 else "closed",
    )
    for number in range(1, 43)
]


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(tasks_table)
        await db.table(Office).batch_write(puts=OFFICES)
        await db.table(Employee).batch_write(puts=EMPLOYEES)
        await db.table(Task).batch_write(puts=TASKS)
        yield db


KEYS = {
    Employee: (
        "$task-manager#employee_{employee}", "$employee_1",
        "$task-manager#officename_{officeName}",
        "$workplaces#employee_1#team_{team}#title_{title}#employee_{employee}",
        "$task-manager#team_{team}", "$employee_1#datehired_{dateHired}#title_{title}",
        "$task-manager#employee_{employee}", "$assignments#employee_1",
        "$task-manager#title_{title}", "$employee_1#salary_{salary}",
        "$task-manager#manager_{manager}", "$employee_1#team_{team}#officename_{officeName}",
    ),
    Office: (
        "$task-manager#country_{country}#state_{state}",
        "$office_1#city_{city}#zip_{zip}#officename_{officeName}",
        "$task-manager#officename_{officeName}", "$workplaces#office_1",
    ),
    Task: (
        "$task-manager#taskname_{taskName}", "$task_1#project_{project}#employee_{employee}",
        "$task-manager#project_{project}", "$task_1#employee_{employee}#status_{status}",
        None, None,
        "$task-manager#employee_{employee}",
        "$assignments#task_1#project_{project}#status_{status}",
        "$task-manager#status_{status}", "$task_1#project_{project}#employee_{employee}",
    ),
}  # fmt: skip
"""The texts of the chart: pk and sk, then those of each index."""
NAMES = ("pk", "sk", *(f"gsi{n}{side}" for n in range(1, 6) for side in ("pk", "sk")))


async def test_items_have_the_keys_that_electrodb_writes(db: adorm.Database) -> None:
    kinds = {"employee": Employee, "office": Office, "task": Task}
    items = await raw_items(db, "electro")
    assert len(items) == len(EMPLOYEES) + len(OFFICES) + len(TASKS)
    for item in items:
        assert_keys_are_drawn(item, KEYS[kinds[item["__edb_e__"]["S"]]])


def assert_keys_are_drawn(item: dict[str, Any], drawn: tuple[str | None, ...]) -> None:
    stored = {name: value["S"] for name, value in item.items() if "S" in value}
    fields = {name: text.lower() for name, text in stored.items() if name not in NAMES}
    for name, text in zip(NAMES, [*drawn, *[None] * len(NAMES)], strict=False):
        assert stored.get(name) == (None if text is None else text.format(**fields)), name


async def test_an_office_with_its_staff(db: adorm.Database) -> None:
    for each in OFFICES[:4]:
        (found,), staff = await db.query(Office, Employee).where(
            Office.office_name == each.office_name
        )
        theirs = [one for one in EMPLOYEES if one.office_name == each.office_name]
        theirs.sort(key=lambda one: f"{one.team}#title_{one.title}#employee_{one.employee}".lower())
        assert found == each
        assert staff == theirs


async def test_one_team_of_an_office(db: adorm.Database) -> None:
    team = await (
        db.table(Employee)
        .query()
        .where(Employee.office_name == "Mountain View", Employee.team == "jupiter")
    )
    assert {each.employee for each in team} == {
        each.employee
        for each in EMPLOYEES
        if each.office_name == "Mountain View" and each.team == "jupiter"
    }
    assert team


async def test_an_employee_with_all_tasks_and_with_those_of_one_project(
    db: adorm.Database,
) -> None:
    (who,), assigned = await db.query(Employee, Task).where(Employee.employee == "JExotic")
    theirs = [each for each in TASKS if each.employee == "JExotic"]
    assert who == EMPLOYEES[0]
    assert sorted(assigned, key=lambda each: each.points) == theirs
    of_project = await (
        db.table(Task).query().where(Task.employee == "JExotic", Task.project == "135-53")
    )
    assert sorted(of_project, key=lambda each: each.points) == [
        each for each in theirs if each.project == "135-53"
    ]


async def test_offices_of_a_state_and_of_a_city(db: adorm.Database) -> None:
    offices = db.table(Office)
    assert await offices.query("US", "CA") == OFFICES[:5]
    assert await offices.query("us", "ca") == OFFICES[:5]
    assert await offices.query("US", "CA").where(Office.city == "Irvine") == OFFICES[:2]
    west = await (
        offices.query("US", "CA").where(Office.city == "Irvine", Office.zip == "92603").one()
    )
    assert west == OFFICES[1]


async def test_offices_of_cities_between_two(db: adorm.Database) -> None:
    offices = db.table(Office).query("US", "CA")
    assert await offices.where(attr(Office.city).between("A", "N")) == OFFICES[:4]
    assert await offices.where(attr(Office.city).between("A", "M")) == OFFICES[:3]


async def test_juniors_that_earn_more_than_a_salary(db: adorm.Database) -> None:
    paid = await (
        db.table(Employee)
        .query()
        .where(Employee.title == "Junior Software Engineer", Employee.salary > "110000")
    )
    expected = [
        each
        for each in EMPLOYEES
        if each.title == "Junior Software Engineer" and each.salary > "110000"
    ]
    assert paid == sorted(expected, key=lambda each: each.salary)
    assert paid


async def test_open_tasks_of_a_project_with_few_points(db: adorm.Database) -> None:
    small = await (
        db.table(Task)
        .query()
        .where(Task.status == "open", Task.project == "135-53")
        .filter(Task.points <= 13)
    )
    assert sorted(small, key=lambda each: each.points) == [
        each
        for each in TASKS
        if each.status == "open" and each.project == "135-53" and each.points <= 13
    ]


async def test_people_of_a_team_that_were_hired_between_two_days(db: adorm.Database) -> None:
    first, last = date(2021, 1, 1), date(2024, 1, 1)
    hired = await (
        db.table(Employee)
        .query()
        .where(
            Employee.team == "marketing",
            attr(Employee.date_hired).between(first, last),
        )
    )
    expected = [
        each for each in EMPLOYEES if each.team == "marketing" and first <= each.date_hired <= last
    ]
    assert [each.date_hired for each in hired] == sorted(each.date_hired for each in expected)
    assert {each.employee for each in hired} == {each.employee for each in expected}


async def test_direct_reports(db: adorm.Database) -> None:
    reports = await db.table(Employee).query().where(Employee.manager == "PMayer")
    assert {each.employee for each in reports} == {
        each.employee for each in EMPLOYEES if each.manager == "PMayer"
    }


async def test_a_closed_task_moves_in_three_indexes(db: adorm.Database) -> None:
    tasks = db.table(Task)
    task = next(each for each in TASKS if each.status == "open")
    await tasks.update(task_name=task.task_name, project=task.project, employee=task.employee).set(
        Task.status, "closed"
    )
    item = next(
        each
        for each in await raw_items(db, "electro")
        if each.get("taskName") == {"S": task.task_name}
    )
    assert item["status"] == {"S": "closed"}
    assert_keys_are_drawn(item, KEYS[Task])


async def test_an_employee_moves_to_another_office(db: adorm.Database) -> None:
    employees = db.table(Employee)
    move = employees.update(employee="JExotic").set(Employee.office_name, "Irvine West")
    with pytest.raises(adorm.UsageError, match=r"given[\s\S]*reading"):
        await move
    with pytest.raises(adorm.ConditionalCheckFailed):
        await move.given(Employee.team == "jupiter", Employee.title == "CTO")
    who = EMPLOYEES[0]
    await move.given(Employee.team == who.team, Employee.title == who.title)
    assert await office_keys(db) == "$task-manager#officename_irvine west"
    await employees.update(employee="JExotic").set(Employee.office_name, "Irvine").reading()
    assert await office_keys(db) == "$task-manager#officename_irvine"


async def office_keys(db: adorm.Database) -> str:
    """The partition of JExotic in the first index; all keys are as drawn."""
    item = next(
        each
        for each in await raw_items(db, "electro")
        if each["__edb_e__"] == {"S": "employee"} and each["employee"] == {"S": "JExotic"}
    )
    assert_keys_are_drawn(item, KEYS[Employee])
    text: str = item["gsi1pk"]["S"]
    return text
