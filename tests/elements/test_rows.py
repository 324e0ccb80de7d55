"""Product rows and the amounts that they add up to (ROW-01, ROW-02)."""

from decimal import Decimal

import pytest
from crm_contracts.products import ListPrice
from crm_contracts.values import Money
from hypothesis import given
from hypothesis import strategies as st

from shared.elements.domain.product_rows import NewRow, ProductFacts, make_rows, priced, total
from shared.kit.domain import Invalid
from tests.builders.causes import ids
from tests.builders.values import a_row, euros
from tests.builders.values import priced as amounts

PUMP = ProductFacts("pump", "Pump", active=True, price=euros("550"))
OLD = ProductFacts("old", "Old pump", active=False, price=euros("10"))
ABROAD = ProductFacts("abroad", "Foreign pump", active=True, price=Money(value=Decimal(99), currency="USD"))
UNPRICED = ProductFacts("unpriced", "New pump", active=True, price=None)
CATALOG = {product.id: product for product in (PUMP, OLD, ABROAD, UNPRICED)}


def made(*wishes: NewRow) -> list[tuple[str, str, str, str]]:
    rows = make_rows(wishes, CATALOG, currency="EUR", new_id=ids("row"))
    return [(row.id, row.name, f"{row.list_price:f}", f"{row.price:f}") for row in rows]


def wrong(*wishes: NewRow) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        make_rows(wishes, CATALOG, currency="EUR", new_id=ids())
    return [(error["field"], error["code"]) for error in refused.value.details["errors"]]


def test_a_row_of_a_product_is_named_and_priced_by_the_catalog() -> None:
    """ROW-01."""
    assert made(NewRow("pump")) == [("row-1", "Pump", "550", "550")]


def test_what_the_caller_says_of_a_row_counts_more_than_the_catalog() -> None:
    """ROW-01."""
    wish = NewRow("pump", name="Big pump", list_price=Decimal(600), price=Decimal(495))
    assert made(wish) == [("row-1", "Big pump", "600", "495")]


def test_a_final_price_alone_keeps_the_list_price_of_the_catalog() -> None:
    """ROW-01."""
    assert made(NewRow("pump", price=Decimal(495))) == [("row-1", "Pump", "550", "495")]


def test_a_free_row_needs_a_name_and_may_be_free_of_charge() -> None:
    """ROW-01."""
    assert made(NewRow(name="Advice"), NewRow(name="Travel", price=Decimal(80))) == [
        ("row-1", "Advice", "0", "0"),
        ("row-2", "Travel", "80", "80"),
    ]


def test_every_wrong_row_is_named() -> None:
    """ROW-01."""
    wishes = [NewRow("nothing"), NewRow("pump"), NewRow("old"), NewRow(), NewRow("abroad")]
    assert wrong(*wishes) == [
        ("rows.0.product_id", "product_not_found"),
        ("rows.2.product_id", "product_inactive"),
        ("rows.3.name", "missing"),
        ("rows.4.price", "price_missing"),
    ]


def test_a_product_of_another_currency_can_be_sold_at_a_given_price() -> None:
    """ROW-01."""
    assert made(NewRow("abroad", price=Decimal(90))) == [("row-1", "Foreign pump", "90", "90")]


def test_a_row_has_the_price_of_its_quantity() -> None:
    """ROW-01, PROD-11."""
    ranges = (
        ListPrice(price=euros("10"), quantity_to=Decimal(9)),
        ListPrice(price=euros("8"), quantity_from=Decimal(10)),
    )
    known = {"bulk": ProductFacts("bulk", "Bulk", active=True, price=euros("10"), prices=ranges)}
    wishes = [
        NewRow("bulk"),
        NewRow("bulk", quantity=Decimal(20)),
        NewRow("bulk", quantity=Decimal("9.5"), price=Decimal(9)),
    ]
    rows = make_rows(wishes, known, currency="EUR", new_id=ids("row"))
    assert [f"{row.price:f}" for row in rows] == ["10", "8", "9"]
    with pytest.raises(Invalid) as refused:
        make_rows([NewRow("bulk", quantity=Decimal("9.5"))], known, currency="EUR", new_id=ids())
    assert [each["code"] for each in refused.value.details["errors"]] == ["price_missing"]


def test_a_product_without_any_price_is_sold_at_a_given_price_alone() -> None:
    """ROW-01: it is not silently sold at 0."""
    assert wrong(NewRow("unpriced"), NewRow("unpriced", quantity=Decimal(2))) == [
        ("rows.0.price", "price_missing"),
        ("rows.1.price", "price_missing"),
    ]
    free, listed = NewRow("unpriced", price=Decimal(0)), NewRow("unpriced", list_price=Decimal(7))
    assert made(free, listed) == [("row-1", "New pump", "0", "0"), ("row-2", "New pump", "7", "7")]


def test_a_product_that_was_switched_off_or_forgotten_stays_where_it_was_sold() -> None:
    """ROW-01, PROD-10."""
    sold = (a_row("row-7", product_id="old"), a_row("row-8", product_id="forgotten"))
    wishes = [NewRow("old", id="row-7"), NewRow("forgotten", name="Pump", id="row-8", price=Decimal(10))]
    rows = make_rows(wishes, CATALOG, currency="EUR", new_id=ids(), was=amounts(*sold))
    assert [(row.id, row.product_id) for row in rows] == [("row-7", "old"), ("row-8", "forgotten")]


@pytest.mark.parametrize(
    ("quantities", "wrong_at"), [(("3",), ()), (("2", "1"), ()), (("1",), ()), (("4",), (0,)), (("3", "1"), (1,))]
)
def test_of_a_product_that_was_switched_off_no_more_is_sold_than_before(
    quantities: tuple[str, ...], wrong_at: tuple[int, ...]
) -> None:
    """ROW-01, PROD-10: with the id of its row or without."""
    was = amounts(a_row("row-7", product_id="old", quantity="3"))
    for id_ in ("row-7", None):
        wishes = [NewRow("old", id=None if place else id_, quantity=Decimal(n)) for place, n in enumerate(quantities)]
        errors = []
        try:
            make_rows(wishes, CATALOG, currency="EUR", new_id=ids(), was=was)
        except Invalid as error:
            errors = [(each["field"], each["code"]) for each in error.details["errors"]]
        assert errors == [(f"rows.{place}.product_id", "product_inactive") for place in wrong_at]


def test_a_row_that_is_named_by_its_id_keeps_what_was_agreed() -> None:
    """ROW-01: whatever the catalog says of the product today."""
    was = amounts(a_row("row-7", price="7", product_id="pump"), a_row("row-8"))
    wishes = [NewRow(id="row-8"), NewRow("pump", id="row-7", quantity=Decimal(3)), NewRow("pump")]
    rows = make_rows(wishes, CATALOG, currency="EUR", new_id=ids("new"), was=was)
    assert [(row.id, f"{row.price:f}", f"{row.quantity:f}") for row in rows] == [
        ("row-8", "10", "1"),
        ("row-7", "7", "3"),
        ("new-1", "550", "1"),
    ]


def test_in_another_currency_nothing_stays_of_what_was_agreed_but_name_and_quantity() -> None:
    """ROW-02: no price of one currency becomes a price of another one."""
    was = amounts(a_row("row-7", price="495", quantity="3"))
    (row,) = make_rows([NewRow(id="row-7", price=Decimal(550))], CATALOG, currency="USD", new_id=ids(), was=was)
    assert (row.price, row.list_price, row.quantity) == (Decimal(550), Decimal(550), Decimal(3))


def test_a_row_of_another_product_is_named_and_priced_anew() -> None:
    """ROW-01."""
    was = amounts(a_row("row-7", price="7", quantity="2", product_id="old"))
    (row,) = make_rows([NewRow("pump", id="row-7")], CATALOG, currency="EUR", new_id=ids(), was=was)
    assert (row.id, row.name, f"{row.price:f}", f"{row.quantity:f}") == ("row-7", "Pump", "550", "2")
    (free,) = make_rows(
        [NewRow(id="row-7", name="Advice", without_product=True)], {}, currency="EUR", new_id=ids(), was=was
    )
    assert (free.id, free.product_id, free.name, f"{free.price:f}") == ("row-7", None, "Advice", "0")


def test_rows_sent_again_without_ids_are_the_same_rows() -> None:
    """ROW-01, LEAD-10."""
    was = amounts(a_row("row-7"), a_row("row-8").model_copy(update={"sort": 20}))
    wishes = [NewRow(name="Pump", price=Decimal(10)), NewRow(name="Pump", price=Decimal(10))]
    assert make_rows(wishes, {}, currency="EUR", new_id=ids(), was=was) == was.rows


def test_rows_keep_their_order_in_steps_of_ten() -> None:
    """ROW-01."""
    rows = make_rows([NewRow(name="A"), NewRow(name="B", sort=3), NewRow(name="C")], {}, currency="EUR", new_id=ids())
    assert [row.sort for row in rows] == [10, 3, 30]


@pytest.mark.parametrize(
    ("price", "quantity", "amount"),
    [
        ("10", "1", "10.00"),
        ("0.005", "1", "0.01"),
        ("0.004", "1", "0.00"),
        ("2.675", "1", "2.68"),
        ("1", "0.125", "0.13"),
    ],
)
def test_an_amount_is_rounded_half_up_to_cents(price: str, quantity: str, amount: str) -> None:
    """ROW-02."""
    assert total([a_row(price=price, quantity=quantity)], "EUR") == euros(amount)


def test_an_amount_is_rounded_once_for_all_rows_together() -> None:
    """ROW-02."""
    assert total([a_row(price="0.005"), a_row(price="0.005")], "EUR") == euros("0.01")


@given(st.lists(st.tuples(st.decimals(0, 10**6, places=4), st.decimals(0, 10**3, places=6)), max_size=20))
def test_an_amount_is_the_sum_of_price_times_quantity_to_within_half_a_cent(
    rows: list[tuple[Decimal, Decimal]],
) -> None:
    """ROW-02."""
    exact = sum((price * quantity for price, quantity in rows), Decimal(0))
    sold = [a_row(price=f"{price:f}", quantity=f"{quantity:f}") for price, quantity in rows]
    assert abs(total(sold, "EUR").value - exact) <= Decimal("0.005")


def test_the_amount_follows_the_rows() -> None:
    """ROW-02."""
    sold = priced([a_row(price="495", quantity="2")], typed=None, manual=None, currency="EUR", was=amounts(amount="7"))
    assert (sold.amount, sold.is_manual_amount) == (euros("990.00"), False)


def test_without_rows_a_typed_amount_counts() -> None:
    """ROW-02."""
    assert priced([], typed=euros("500"), manual=None, currency="EUR").amount == euros("500")


def test_beside_rows_an_amount_needs_the_flag_that_makes_it_count() -> None:
    """ROW-02."""
    with pytest.raises(Invalid) as refused:
        priced([a_row()], typed=euros("500"), manual=None, currency="EUR")
    assert refused.value.details["errors"][0]["field"] == "amount"
    sold = priced([a_row()], typed=euros("500"), manual=True, currency="EUR")
    assert (sold.amount, sold.is_manual_amount) == (euros("500"), True)


def test_a_manual_amount_stays_when_the_rows_change() -> None:
    """ROW-02."""
    was = amounts(a_row(), amount="500", is_manual=True)
    assert priced([a_row(price="7")], typed=None, manual=None, currency="EUR", was=was).amount == euros("500")


def test_an_amount_that_is_no_longer_manual_is_summed_again() -> None:
    """ROW-02."""
    was = amounts(a_row(price="7"), amount="500", is_manual=True)
    sold = priced(was.rows, typed=None, manual=False, currency="EUR", was=was)
    assert (sold.amount, sold.is_manual_amount) == (euros("7.00"), False)


def test_without_its_rows_a_computed_amount_is_nothing_and_a_typed_one_stays() -> None:
    """ROW-02."""
    computed, typed = amounts(a_row(), amount="10"), amounts(amount="500")
    assert priced([], typed=None, manual=None, currency="EUR", was=computed).amount == euros("0")
    assert priced([], typed=None, manual=None, currency="EUR", was=typed).amount == euros("500")
