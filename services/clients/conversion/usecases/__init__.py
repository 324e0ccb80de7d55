"""Resolve the client of a lead that is converted."""
