"""List and show roles, list departments and set them from a file: `crm roles`, `crm departments`."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli import views
from deploy.cli.client import Crm, address
from deploy.cli.commands.options import AsJson
from deploy.cli.commands.runner import OUT, expected_failures, failed, operate, print_json
from deploy.cli.departments import import_departments, read_departments

roles = typer.Typer(help="Who may do what.", no_args_is_help=True)
departments = typer.Typer(help="Who works with whom.", no_args_is_help=True)


@roles.command("list")
def list_roles(*, as_json: AsJson = False) -> None:
    """List the roles with the number of their users.

    Example: crm roles list
    """
    found = operate(_all_roles)
    if as_json:
        print_json(found)
    else:
        views.roles(OUT, found)


async def _all_roles(crm: Crm) -> list[dict[str, Any]]:
    return [role async for role in crm.pages("catalog", address("roles"))]


@roles.command("show")
def show_role(role: Annotated[str, typer.Argument(metavar="ID")], *, as_json: AsJson = False) -> None:
    """Show the rights of a role, and the users who have it.

    Example: crm roles show employee
    """
    found = operate(lambda crm: crm.get("catalog", address("roles", role)))
    if as_json:
        print_json(found)
    else:
        views.role(OUT, found)


@departments.command("list")
def list_departments(*, as_json: AsJson = False) -> None:
    """List the departments with the number of their members.

    Example: crm departments list
    """
    found = operate(_all_departments)
    if as_json:
        print_json(found)
    else:
        views.departments(OUT, found)


async def _all_departments(crm: Crm) -> list[dict[str, Any]]:
    return [department async for department in crm.pages("catalog", address("departments"))]


@departments.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX.")],
) -> None:
    """Set departments from a file with the columns id, name, parent_id and member_ids, users with blanks between them.

    Departments that the file does not name stay as they are, and so does what it has no column for. A
    rejected line is printed with its reason, and written to no other file: correct it and import the file again, the
    other lines are unchanged then. Exit code 1: a line was rejected.

    Example: crm departments import departments.csv
    """
    with expected_failures():
        lines = read_departments(file)
    outcomes = operate(lambda crm: import_departments(crm, lines))
    counted = Counter(each.result for each in outcomes)
    results = ("created", "updated", "unchanged", "rejected")
    OUT.print(f"{file.name}: " + ", ".join(f"{counted[result]} {result}" for result in results), soft_wrap=True)
    rejected = [f"line {each.line.number}: {each.reason}" for each in outcomes if each.result == "rejected"]
    if rejected:
        raise failed(*rejected)
