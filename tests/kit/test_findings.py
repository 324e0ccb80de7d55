"""What several checks find wrong with one request is told at once."""

import pytest

from shared.kit.domain import Findings, Invalid, invalid_field


def found_by(*errors: Invalid) -> Findings:
    findings = Findings()
    for error in errors:
        with findings.collecting():
            raise error
    return findings


def test_nothing_is_refused_where_nothing_was_found() -> None:
    found_by().refuse()


def test_one_error_is_raised_as_it_is() -> None:
    error = invalid_field("title", "missing", "a title is needed")
    with pytest.raises(Invalid) as refused:
        found_by(error).refuse()
    assert refused.value is error


def test_several_errors_are_one_that_names_their_fields_in_order() -> None:
    first, second = (
        invalid_field("title", "missing", "a title is needed"),
        invalid_field("sort", "wrong", "not a number"),
    )
    findings = Findings(found_by(first).found)
    with findings.collecting():
        found_by(second, second).refuse()
    with pytest.raises(Invalid) as refused:
        findings.refuse()
    assert [each["field"] for each in refused.value.details["errors"]] == ["title", "sort", "sort"]
    assert str(refused.value) == "3 fields are wrong, see `errors`: title, sort, sort."


def test_an_error_that_names_no_field_is_raised_at_once() -> None:
    with pytest.raises(Invalid, match="not now"):
        found_by(Invalid("not now"))
