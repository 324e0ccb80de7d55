"""HTTP API of roles and departments."""
