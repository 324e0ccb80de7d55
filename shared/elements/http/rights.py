"""Check the rights of a caller to what a process does in other services in his name.

What a caller may not do directly he may not do through a process. The table of these processes is in docs/security.md,
and tests/security/test_processes.py tries each.
"""

from collections.abc import Iterable
from typing import Final

from crm_contracts.elements import ELEMENTS

from shared.kit.web.auth import check_permission
from shared.kit.web.call import Call

LINK_CLIENTS: Final = tuple(noun for noun, each in ELEMENTS.items() if "client" in each.has)
"""The types whose elements link clients."""


def check_writes(call: Call, nouns: Iterable[str]) -> None:
    """Check that the caller may write elements of these types.

    Raises:
        Forbidden: naming every permission that is missing.
    """
    needed = dict.fromkeys(f"{ELEMENTS[noun].service}:write" for noun in nouns if noun in ELEMENTS)
    check_permission(call.caller, *needed)
