"""Catalog: what can be sold."""
