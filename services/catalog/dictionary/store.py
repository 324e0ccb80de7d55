"""Collection of the dictionaries."""

DICTIONARIES = "dictionaries"
