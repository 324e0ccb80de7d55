"""Serve HTTP: callers, calls, idempotency, errors, health."""
