"""Runs: changes of many records, worked through in chunks by whichever replica is free."""
