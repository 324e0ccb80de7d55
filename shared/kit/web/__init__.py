"""HTTP: authentication, calls, idempotency, errors, health."""
