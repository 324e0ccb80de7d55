"""Rights: the filter of lists and the check of a record are the same, and mean what the requirement says.

`CRM_RIGHTS_EXAMPLES` tries as many role matrices, each on `CRM_RIGHTS_RECORDS` records: `make rights` is the long form.
"""

import os
import random
from typing import Any, Final, get_args

import pytest
from crm_contracts.departments import DepartmentState
from crm_contracts.elements import CONTACT, DEAL, ELEMENTS, LEAD, PRODUCT, ElementType
from crm_contracts.roles import Action, Level, Right, RoleState
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.elements.domain.filters.evaluation import matches
from shared.elements.domain.filters.nodes import EVERYTHING
from shared.elements.domain.rights.accessed import Accessed
from shared.elements.domain.rights.compiled import NOTHING, Audience, Rights
from shared.elements.domain.rights.departments import Departments

EXAMPLES: Final = int(os.environ.get("CRM_RIGHTS_EXAMPLES", "200"))
RECORDS: Final = int(os.environ.get("CRM_RIGHTS_RECORDS", "50"))

USERS: Final = ("anna", "ben", "carl", "dora", "emil")
DEPARTMENTS: Final = ("sales", "berlin", "bonn", "service")
PIPELINES: Final = ("default", "partners", "renewals")
STAGES: Final = ("NEW", "WON", "LOST")
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
LEVELS: Final[tuple[Level, ...]] = get_args(Level)

some_levels = st.dictionaries(st.sampled_from(ACTIONS), st.sampled_from([*LEVELS, "a level of later"]))
rights = st.builds(
    Right,
    element=st.sampled_from(["*", *ELEMENTS]),
    pipeline_id=st.sampled_from([None, *PIPELINES]),
    stage_id=st.sampled_from([None, *STAGES]),
    levels=some_levels,
)
roles = st.builds(RoleState, id=st.just("role"), rights=st.lists(rights, max_size=8).map(tuple))
# Some belong to none that is there, or to each other in a circle, as two that are moved at once may.
departments = st.tuples(
    *(
        st.builds(
            DepartmentState,
            id=st.just(id_),
            parent_id=st.sampled_from([None, "deleted", *DEPARTMENTS]),
            member_ids=st.lists(st.sampled_from(USERS), max_size=3).map(tuple),
        )
        for id_ in DEPARTMENTS
    )
)


def fitting(role: RoleState, type_: ElementType) -> RoleState:
    """The role without rights to places that its type of element has none of: catalog refuses those."""
    has_pipelines = "pipeline_id" in type_.state.model_fields
    kept = [
        right
        for right in role.rights
        if right.element != type_.noun
        or (
            (right.pipeline_id is None or has_pipelines)
            and (right.stage_id is None or ("stage" in type_.has and (right.pipeline_id or not has_pipelines)))
        )
    ]
    return role.model_copy(update={"rights": tuple(kept)})


def records_of(type_: ElementType, seed: int) -> list[Accessed]:
    """Records of a type, with what its state has."""
    chance, has = random.Random(seed), type_.state.model_fields
    found = []
    for _ in range(RECORDS):
        fields: dict[str, Any] = {
            "responsible_id": chance.choice(["", *USERS]),
            "observers": chance.sample(USERS, chance.randrange(3)),
            "open_to_all": chance.random() < 0.5,
            "pipeline_id": chance.choice(PIPELINES),
            "stage_id": chance.choice(STAGES),
        }
        # What nobody is responsible for is open to all, as `Accessed.of` has it.
        alone: dict[str, Any] = {"open_to_all": True} if "responsible_id" not in has else {}
        found.append(Accessed(**alone, **{name: value for name, value in fields.items() if name in has}))
    return found


def stored(record: Accessed) -> dict[str, Any]:
    """The record as its document has it."""
    return {"access": list(record.marks), "pipeline_id": record.pipeline_id, "stage_id": record.stage_id}


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    mine=st.lists(roles, max_size=3),
    tree=departments,
    user=st.sampled_from(USERS),
    type_=st.sampled_from([*ELEMENTS.values()]),
    action=st.sampled_from(ACTIONS),
    seed=st.integers(0, 2**32),
)
def test_a_list_shows_exactly_the_records_that_the_check_allows(
    *,
    mine: list[RoleState],
    tree: tuple[DepartmentState, ...],
    user: str,
    type_: ElementType,
    action: Action,
    seed: int,
) -> None:
    """PERM-01, PERM-02, PERM-04, CMN-05, CMN-09."""
    compiled = Rights.of(user, [fitting(role, type_) for role in mine], Departments.of(tree))
    wanted = compiled.filter(type_, action)
    for record in records_of(type_, seed):
        assert matches(wanted, stored(record)) == compiled.may(type_, action, record), record


ORGANISATION: Final = Departments.of(
    [
        DepartmentState(id="sales", member_ids=("anna", "ben")),
        DepartmentState(id="berlin", parent_id="sales", member_ids=("carl",)),
        DepartmentState(id="street", parent_id="berlin", member_ids=("dora",)),
        DepartmentState(id="service", member_ids=("emil",)),
    ]
)
OF_USERS: Final = {user: Accessed(responsible_id=user, stage_id="NEW", pipeline_id="default") for user in USERS}


def anna(*given_rights: Right) -> Rights:
    return Rights.of("anna", [RoleState(id="role", rights=given_rights)], ORGANISATION)


def reads(rights_: Rights, type_: ElementType = DEAL, action: Action = "read") -> set[str]:
    return {user for user, record in OF_USERS.items() if rights_.may(type_, action, record)}


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("none", set()),
        ("own", {"anna"}),
        ("department", {"anna", "ben"}),
        ("sub_departments", {"anna", "ben", "carl", "dora"}),
        ("opened", {"anna", "ben", "carl", "dora"}),
        ("all", {"anna", "ben", "carl", "dora", "emil"}),
    ],
)
def test_each_level_extends_to_the_records_of_more_people(level: str, expected: set[str]) -> None:
    """PERM-04."""
    mine = anna(Right(element="deal", levels=dict.fromkeys(ACTIONS, level)))
    for action in ACTIONS:
        assert reads(mine, action=action) == expected
    open_deal = Accessed(responsible_id="emil", open_to_all=True)
    assert mine.may(DEAL, "update", open_deal) == (level in {"opened", "all"})


def test_who_works_in_no_department_has_their_own_records_at_every_level() -> None:
    """PERM-04."""
    lone = Rights.of(
        "zoe", [RoleState(id="r", rights=(Right(element="*", levels={"read": "department"}),))], Departments()
    )
    assert lone.may(LEAD, "read", Accessed(responsible_id="zoe"))
    assert not lone.may(LEAD, "read", Accessed(responsible_id="anna"))


def test_an_observer_reads_whatever_the_role_and_changes_nothing() -> None:
    """CMN-05."""
    observed = Accessed(responsible_id="emil", observers=("anna",))
    nothing, own = anna(), anna(Right(element="*", levels=dict.fromkeys(ACTIONS, "own")))
    assert [action for action in ACTIONS if nothing.may(DEAL, action, observed)] == ["read"]
    assert [action for action in ACTIONS if own.may(DEAL, action, observed)] == ["read", "export"]
    colleague = anna(Right(element="*", levels=dict.fromkeys(ACTIONS, "department")))
    assert not colleague.may(DEAL, "read", Accessed(responsible_id="emil", observers=("ben",)))


def test_the_right_of_a_stage_goes_before_that_of_its_pipeline_and_that_before_the_types() -> None:
    """PERM-02."""
    every, deals = (
        Right(element="*", levels={"read": "all", "update": "all"}),
        Right(element="deal", levels={"read": "own"}),
    )
    pipeline = Right(element="deal", pipeline_id="default", levels={"read": "all"})
    stage = Right(element="deal", pipeline_id="default", stage_id="NEW", levels={"read": "none"})
    assert reads(anna(every)) == set(USERS)
    assert reads(anna(every, deals)) == {"anna"}
    assert reads(anna(every, deals, pipeline)) == set(USERS)
    assert reads(anna(every, deals, pipeline, stage)) == set()
    assert reads(anna(every, deals, pipeline, stage), action="update") == set(USERS), "what a place does not name"
    assert reads(anna(every, deals, pipeline, stage), CONTACT) == set(USERS)


def test_of_several_roles_the_widest_level_counts_where_they_meet() -> None:
    """PERM-01."""
    one = RoleState(id="one", rights=(Right(element="deal", levels={"read": "own"}),))
    stage = Right(element="lead", stage_id="NEW", levels={"read": "none"})
    two = RoleState(id="two", rights=(Right(element="*", levels={"read": "all"}), stage))
    both = Rights.of("anna", [one, two], ORGANISATION)
    assert reads(both) == set(USERS)
    assert not both.may(LEAD, "read", Accessed(responsible_id="emil", stage_id="NEW"))
    assert both.may(LEAD, "read", Accessed(responsible_id="emil", stage_id="WON"))


def test_no_right_is_no_query_and_every_right_no_condition() -> None:
    """PERM-01: and one level everywhere is one condition, which an index finds."""
    assert anna().filter(DEAL, "update") == NOTHING
    assert anna(Right(element="*", levels={"read": "all"})).filter(PRODUCT, "read") == EVERYTHING
    one = anna(Right(element="deal", levels={"read": "department"})).filter(DEAL, "read")
    assert getattr(one, "operand", None) == ("r:anna", "r:ben", "o:anna")


def test_a_field_that_few_are_shown_does_not_exist_for_others() -> None:
    """PERM-07."""
    mine = anna()
    hidden = {"amount": Audience(frozenset({"ben"}), frozenset({"service"}))}
    assert "amount" not in mine.visible_fields(DEAL, hidden)
    for audience in (Audience(frozenset({"anna"})), Audience(department_ids=frozenset({"sales"}))):
        assert "amount" in mine.visible_fields(DEAL, {"amount": audience})
    assert mine.visible_fields(DEAL, {}).keys() > mine.visible_fields(DEAL, hidden).keys()


def test_other_rights_have_another_mark() -> None:
    """PERM-05: by it an answer is known to be made with the rights that a caller has now."""

    def mark(levels: dict[str, str], *, user_id: str = "anna", colleagues: Any = ("anna",), **more: Any) -> str:
        role = RoleState(id="seller", **{"rights": (Right(element="deal", levels=levels),), **more})
        departments = Departments.of([DepartmentState(id="sales", member_ids=colleagues)])
        return Rights.of(user_id, [role], departments).mark

    marks = [
        mark({"read": "own"}),
        mark({"read": "all"}),
        mark({"read": "own", "add": "own"}),
        mark({"read": "own"}, user_id="ben"),
        mark({"read": "own"}, colleagues=("anna", "ben")),
        mark({"read": "own"}, modify_settings=True),
        mark({}, rights=(Right(element="lead", levels={"read": "own"}),)),
        mark({}, rights=(Right(element="deal", pipeline_id="partners", levels={"read": "own"}),)),
    ]
    assert len(set(marks)) == len(marks)
    assert mark({"read": "own", "add": "all"}, colleagues=("ben", "anna")) == mark(
        {"add": "all", "read": "own"}, colleagues=("anna", "ben"), name="Renamed"
    )
