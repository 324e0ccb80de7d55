"""docs/requirements.md tells the truth about what is built."""

from tests.architecture.requirements import PAGE, held_by, ids_in, rows, written

PAGE_TEXT = PAGE.read_text(encoding="utf-8")


def test_the_list_has_every_requirement_once() -> None:
    ids = [row[0] for row in rows(PAGE_TEXT)]
    assert (len(ids), len(set(ids))) == (244, 244)


def test_what_is_built_is_named_in_a_test_and_what_is_not_is_not() -> None:
    tests = held_by()
    wrong = [(id_, state) for id_, _, state, _ in rows(PAGE_TEXT) if (state == "not yet") == (id_ in tests)]
    assert wrong == []


def test_every_id_in_a_test_is_a_requirement() -> None:
    assert set(held_by()) - {row[0] for row in rows(PAGE_TEXT)} == set()


def test_the_list_names_the_tests_as_they_are() -> None:
    """Otherwise: `python -m tests.architecture.requirements`."""
    assert written(PAGE_TEXT) == PAGE_TEXT


def test_ranges_of_ids_are_read() -> None:
    assert ids_in("CLI-01 to CLI-03, CMN-04, DUP-01 to 02") == {
        "CLI-01",
        "CLI-02",
        "CLI-03",
        "CMN-04",
        "DUP-01",
        "DUP-02",
    }
