"""Pipelines of deals, and their stages."""
