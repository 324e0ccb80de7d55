"""Leads and their conversion."""
