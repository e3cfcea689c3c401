"""The task manager of ElectroDB's examples, with the keys of ElectroDB, which are in lower case.

    entity     pk and sk, then the indexes
    employee   $task-manager#employee_<id>                $employee_1
      gsi1     $task-manager#officename_<office>
                                  $workplaces#employee_1#team_<>#title_<>#employee_<id>
      gsi2     $task-manager#team_<team>                  $employee_1#datehired_<>#title_<>
      gsi3     $task-manager#employee_<id>                $assignments#employee_1
      gsi4     $task-manager#title_<title>                $employee_1#salary_<salary>
      gsi5     $task-manager#manager_<id>                 $employee_1#team_<>#officename_<>
    office     $task-manager#country_<>#state_<>          $office_1#city_<>#zip_<>#officename_<>
      gsi1     $task-manager#officename_<office>          $workplaces#office_1
    task       $task-manager#taskname_<task>              $task_1#project_<>#employee_<id>
      gsi1     $task-manager#project_<project>            $task_1#employee_<id>#status_<>
      gsi3     $task-manager#employee_<id>                $assignments#task_1#project_<>#status_<>
      gsi4     $task-manager#status_<status>              $task_1#project_<>#employee_<id>

Salaries are text in that example, and compare as text.
"""

from __future__ import annotations

from datetime import date

import adorm

tasks_table = adorm.SingleTable(
    "electro",
    partition="pk",
    sort="sk",
    type_attribute="__edb_e__",
    indexes=[
        adorm.GlobalIndex(f"gsi{n}pk-gsi{n}sk-index", partition=f"gsi{n}pk", sort=f"gsi{n}sk")
        for n in range(1, 6)
    ],
)


@adorm.model(table=tasks_table, entity="employee", naming="camelCase")
class Employee:
    employee: str
    office_name: str
    team: str
    title: str
    salary: str
    manager: str
    date_hired: date

    @adorm.key
    def key(self, employee: str) -> adorm.KeyText:
        return f"$task-manager#employee_{employee:lower}", "$employee_1"

    coworkers = adorm.key(
        "$task-manager#officename_{office_name:lower}",
        "$workplaces#employee_1#team_{team:lower}#title_{title:lower}#employee_{employee:lower}",
        index="gsi1pk-gsi1sk-index",
    )
    teams = adorm.key(
        "$task-manager#team_{team:lower}",
        "$employee_1#datehired_{date_hired}#title_{title:lower}",
        index="gsi2pk-gsi2sk-index",
    )
    with_tasks = adorm.key(
        "$task-manager#employee_{employee:lower}",
        "$assignments#employee_1",
        index="gsi3pk-gsi3sk-index",
    )
    roles = adorm.key(
        "$task-manager#title_{title:lower}",
        "$employee_1#salary_{salary:lower}",
        index="gsi4pk-gsi4sk-index",
    )
    direct_reports = adorm.key(
        "$task-manager#manager_{manager:lower}",
        "$employee_1#team_{team:lower}#officename_{office_name:lower}",
        index="gsi5pk-gsi5sk-index",
    )


@adorm.model(table=tasks_table, entity="office", naming="camelCase")
class Office:
    office_name: str
    country: str
    state: str
    city: str
    zip: str
    address: str = ""

    @adorm.key
    def key(
        self,
        country: str,
        state: str,
        city: str,
        zip: str,  # noqa: A002  # the name of the field
        office_name: str,
    ) -> adorm.KeyText:
        return (
            f"$task-manager#country_{country:lower}#state_{state:lower}",
            f"$office_1#city_{city:lower}#zip_{zip:lower}#officename_{office_name:lower}",
        )

    with_staff = adorm.key(
        "$task-manager#officename_{office_name:lower}",
        "$workplaces#office_1",
        index="gsi1pk-gsi1sk-index",
    )


@adorm.model(table=tasks_table, entity="task", naming="camelCase")
class Task:
    task_name: str
    project: str
    employee: str
    points: int
    status: str = "open"
    description: str | None = None

    @adorm.key
    def key(self, task_name: str, project: str, employee: str) -> adorm.KeyText:
        return (
            f"$task-manager#taskname_{task_name:lower}",
            f"$task_1#project_{project:lower}#employee_{employee:lower}",
        )

    in_project = adorm.key(
        "$task-manager#project_{project:lower}",
        "$task_1#employee_{employee:lower}#status_{status:lower}",
        index="gsi1pk-gsi1sk-index",
    )
    assigned = adorm.key(
        "$task-manager#employee_{employee:lower}",
        "$assignments#task_1#project_{project:lower}#status_{status:lower}",
        index="gsi3pk-gsi3sk-index",
    )
    statuses = adorm.key(
        "$task-manager#status_{status:lower}",
        "$task_1#project_{project:lower}#employee_{employee:lower}",
        index="gsi4pk-gsi4sk-index",
    )
