"""docs/requirements tells the truth about what is built: it follows from clauses, and each is held by a test."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest

from tests.architecture.requirements import (
    INDEX,
    Clause,
    Malformed,
    all_families,
    all_requirements,
    families_of,
    ids_in,
    index_of,
    pages,
    with_states,
)
from tests.architecture.running_tests import TestFiles
from tests.architecture.sources import report

PAGES: Final = pages()
FAMILIES: Final = all_families(PAGES)
REQUIREMENTS: Final = all_requirements(FAMILIES)
FILES: Final = TestFiles()
NUMBER_OF_REQUIREMENTS: Final = 244


def badly_held(clauses: Iterable[Clause], files: TestFiles) -> Iterator[str]:
    """Clauses whose tests are not there, or do not show them over the API."""
    for clause in clauses:
        if clause.missing == bool(clause.tests):
            yield f"{clause.id} is either held by tests or missing"
        for test in (*clause.tests, *clause.also):
            if test not in files.tests:
                yield f"{clause.id}: there is no {test}"
            elif files.is_left_out(test):
                yield f"{clause.id}: {test} may be skipped or fail"
            elif test in clause.tests and not files.runs_over_the_api(test):
                yield f"{clause.id}: {test} asks no running service; it may be named as `also`"


def badly_numbered(clauses: Iterable[Clause]) -> list[str]:
    """Clauses whose number is not larger than that of the clause before."""
    numbers = [int(clause.id.partition(".")[2]) for clause in clauses]
    return [str(number) for before, number in zip([0, *numbers], numbers, strict=False) if number <= before]


def test_each_requirement_stands_there_once() -> None:
    ids = [requirement.id for requirement in REQUIREMENTS]
    assert (len(ids), len(set(ids))) == (NUMBER_OF_REQUIREMENTS, NUMBER_OF_REQUIREMENTS)


def test_each_requirement_has_clauses_with_numbers_that_rise() -> None:
    report((each.id for each in REQUIREMENTS if not each.clauses), "a requirement is split into clauses:")
    report((each.id for each in REQUIREMENTS if badly_numbered(each.clauses)), "numbers of clauses rise:")


def test_each_clause_is_held_by_tests_over_the_running_api_or_is_missing() -> None:
    clauses = [clause for requirement in REQUIREMENTS for clause in requirement.clauses]
    report(badly_held(clauses, FILES), "a clause names the tests that show it over the API of a running service:")


def test_no_clause_names_a_test_twice() -> None:
    clauses = [clause for requirement in REQUIREMENTS for clause in requirement.clauses]
    report((each.id for each in clauses if len({*each.tests, *each.also}) < len([*each.tests, *each.also])), "once:")


def test_states_and_sums_follow_from_the_clauses() -> None:
    """Otherwise: `python -m tests.architecture.requirements`."""
    assert {name: with_states(name, text) for name, text in PAGES.items()} == PAGES
    assert index_of(FAMILIES) == INDEX.read_text(encoding="utf-8")


def test_every_id_in_a_test_is_a_requirement() -> None:
    known = {requirement.id for requirement in REQUIREMENTS}
    report(
        (
            f"{test}: {unknown}"
            for test, (_, function) in FILES.tests.items()
            for unknown in ids_in(ast.get_docstring(function) or "") - known
        ),
        "a docstring names requirements that exist:",
    )


def test_ranges_of_ids_are_read() -> None:
    assert ids_in("CLI-01 to CLI-03, CMN-04, DUP-01 to 02") == {
        "CLI-01",
        "CLI-02",
        "CLI-03",
        "CMN-04",
        "DUP-01",
        "DUP-02",
    }


PLANTED = {
    "tests/builders/running.py": """
        def running(name, build):
            with build().router.lifespan_context(): yield name
        """,
    "tests/conftest.py": """
        @pytest.fixture
        def stack(): ...
        @pytest.fixture
        def office(stack): ...
        """,
    "tests/leads/conftest.py": """
        from tests.builders.running import running as started
        @pytest.fixture
        def api():
            with started("leads", build) as api: yield api
        @pytest.fixture
        def known(api): return api
        @pytest.fixture
        def deliver(api): return Reactions(api.database)
        """,
    "tests/leads/test_http.py": """
        async def test_by_fixture(api): assert await api("GET", "/leads")
        async def test_by_a_fixture_of_a_fixture(known): assert await known.read("/leads")
        async def test_by_itself():
            async with running("leads", build) as api: assert await api("GET", "/leads")
        from tests.builders.running import running
        def test_the_rules_alone(): assert lead()
        @pytest.mark.skip
        async def test_left_out(api): assert await api("GET", "/leads")
        def test_the_database_alone(api): assert api.database.collection("leads")
        async def test_reactions_alone(deliver): assert await deliver("event")
        async def test_use_cases_alone(office): assert await office.resolve()
        @pytest.mark.parametrize(("api", "kind"), [(1, 2)])
        def test_a_parameter_of_that_name(api, kind): assert api == kind
        """,
    "tests/system/test_all.py": """
        @pytest.fixture
        def crm(stack):
            for name in ("leads", "deals"): stack.add_service(name)
        async def test_over_processes(crm): assert await crm.get("leads", "/leads")
        """,
    "tests/kit/test_service.py": """
        async def test_an_app_of_the_kit(site):
            async with site.app.router.lifespan_context(site.app): assert await site.get("/things")
        """,
}
OVER_THE_API = {
    "test_by_fixture",
    "test_by_a_fixture_of_a_fixture",
    "test_by_itself",
    "test_left_out",
    "test_over_processes",
}


@pytest.fixture
def planted(tmp_path: Path) -> TestFiles:
    """Test files of some other project."""
    for path, source in PLANTED.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(source))
    return TestFiles(tmp_path)


def test_only_what_asks_a_running_service_runs_over_the_api(planted: TestFiles) -> None:
    found = {test.partition("::")[2] for test in planted.tests if planted.runs_over_the_api(test)}
    assert found == OVER_THE_API


def test_a_clause_without_its_test_is_found(planted: TestFiles) -> None:
    good, unit = "tests/leads/test_http.py::test_by_fixture", "tests/leads/test_http.py::test_the_rules_alone"
    right = [Clause("X-01.1", "", [good], [unit]), Clause("X-01.2", "", missing=True)]
    assert list(badly_held(right, planted)) == []
    wrong = [
        Clause("X-01.1", "nothing"),
        Clause("X-01.2", "both", [good], missing=True),
        Clause("X-01.3", "renamed", [f"{good}_once"]),
        Clause("X-01.4", "renamed, of the rules", [good], [f"{unit}_once"]),
        Clause("X-01.5", "of the rules", [unit]),
        Clause("X-01.6", "skipped", ["tests/leads/test_http.py::test_left_out"]),
    ]
    assert [problem[:6] for problem in badly_held(wrong, planted)] == [clause.id for clause in wrong]


def test_a_state_that_was_typed_does_not_stand() -> None:
    test = "  - [test_x](../../tests/leads/test_http.py)"
    text = f"## Leads\n### AB-01 One (built)\n- **AB-01.1** a\n{test}\n- **AB-01.2** b\n  - missing\n### AB-02 Two\n"
    said = with_states("leads.md", f"{text}- **AB-02.1** c\n{test}\n")
    assert "### AB-01 One (partly, 1 of 2)\n" in said
    assert "### AB-02 Two (built)\n" in said
    assert "| [Leads](leads.md#leads) | 2 | 1 | 1 | 0 | 2 of 3 |\n" in index_of(families_of("leads.md", said))


@pytest.mark.parametrize(
    "line", ["- **AB-02.1** of another", "- AB-01.1 no clause", "  - somewhere", "### AB-1 no id", "  - test_x"]
)
def test_a_line_that_makes_no_sense_is_refused(line: str) -> None:
    with pytest.raises(Malformed):
        families_of("leads.md", f"## Leads\n### AB-01 One\n- **AB-01.1** a\n  - missing\n{line}\n")
