"""Leads, deals and other elements that link clients, as clients knows them from events (CLI-01)."""
