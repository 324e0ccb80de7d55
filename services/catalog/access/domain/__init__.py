"""Rules of roles and departments. Pure."""
