"""Leads: potential clients, and their conversion."""
