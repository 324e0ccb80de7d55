"""The currencies that exist (CURR-01)."""

from types import SimpleNamespace

import pytest

from shared.elements.domain.currencies import CURRENCIES
from shared.elements.store.stores import ElementStores
from shared.kit.settings import ServiceSettings
from tests.builders.causes import ids
from tests.builders.fakes import Counting, Said


def test_currencies_have_the_decimal_places_that_iso_gives_them() -> None:
    """CURR-01."""
    assert [CURRENCIES[code] for code in ("EUR", "USD", "JPY", "KWD", "CLF")] == [2, 2, 0, 3, 4]


@pytest.mark.parametrize("code", ["ZZZ", "XXX", "XTS", "XAU", "eur", "DEM", ""])
def test_what_nothing_is_priced_in_is_no_currency(code: str) -> None:
    """CURR-01: unknown, for tests, a metal, in small letters, or of the past."""
    assert code not in CURRENCIES


def test_no_service_starts_with_a_base_currency_that_does_not_exist() -> None:
    """CURR-01."""
    stores = ElementStores.open(SimpleNamespace(collection=lambda _: None, answers=Said(), filled_views=None), {})
    with pytest.raises(ValueError, match="CRM_BASE_CURRENCY: there is no currency ZZZ"):
        stores.collaborators(ServiceSettings(base_currency="ZZZ"), numbers=Counting(), new_id=ids())
