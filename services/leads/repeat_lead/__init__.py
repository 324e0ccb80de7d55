"""Repeat leads: new leads of clients who are known, linked to them where the setting is on (LEAD-05)."""
