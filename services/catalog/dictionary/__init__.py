"""Dictionaries and their values (DICT)."""
