"""Compose a service and run it."""
