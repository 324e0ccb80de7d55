"""The roles that every CRM begins with (PERM-01); a seed that is added later reaches a CRM that lacks it."""

from collections.abc import Mapping
from typing import Final, get_args

from crm_contracts.roles import EVERY, Action, Level, Right, RoleFields

ADMINISTRATOR: Final = "administrator"
"""The role that keeps its rights."""


def _each(level: Level) -> Right:
    return Right(element=EVERY, levels=dict.fromkeys(get_args(Action), level))


_OWN_WORK: Final = Right(
    element=EVERY, levels={"read": "opened", "add": "own", "update": "own", "delete": "own", "export": "own"}
)

SEEDS: Final[Mapping[str, RoleFields]] = {
    ADMINISTRATOR: RoleFields(
        name="Administrator", rights=(_each("all"),), modify_settings=True, allow_personal_card=True
    ),
    "manager": RoleFields(name="Manager", rights=(_each("all"),), allow_personal_card=True),
    "employee": RoleFields(
        name="Employee",
        rights=(_OWN_WORK, Right(element="product", levels={"read": "all"})),
        allow_personal_card=True,
    ),
    "guest": RoleFields(name="Guest", rights=(Right(element=EVERY, levels={"read": "own"}),)),
}
