"""All five services, as tests/security starts them."""

from tests.security.conftest import system

__all__ = ["system"]
