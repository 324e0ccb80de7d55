"""The rule book of a company."""

import pytest
from crm_contracts.companies import CompanyCreated, CompanyUpdated

from services.clients.records.domain.errors import NameMissing
from tests.builders.causes import ANNA, NOON, later
from tests.builders.clients import a_company, just_created_company


def test_a_company_needs_a_title() -> None:
    """COMP-01."""
    company = just_created_company()
    assert company.recorded == (CompanyCreated(company=company.state),)
    with pytest.raises(NameMissing) as refused:
        just_created_company(title="")
    assert [error["field"] for error in refused.value.details["errors"]] == ["title"]


def test_a_company_cannot_lose_its_title() -> None:
    """COMP-01."""
    with pytest.raises(NameMissing):
        a_company().correct({"title": ""}, by=ANNA, at=NOON)


def test_a_correction_tells_only_what_changed() -> None:
    """COMP-01."""
    company = a_company()
    company.correct({"title": "ACME GmbH", "industry": "TRADE"}, by="user:bob", at=later(5))
    (event,) = company.recorded
    assert isinstance(event, CompanyUpdated)
    assert event.after.model_fields_set == {"industry"}
    assert (company.updated_at, company.updated_by) == (later(5), "user:bob")


def test_a_correction_that_changes_nothing_is_no_correction() -> None:
    company = a_company()
    company.correct({"title": "ACME GmbH"}, by="user:bob", at=later(5))
    assert (company.recorded, company.updated_by) == ((), ANNA)
