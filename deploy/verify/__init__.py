"""Verify a system by its databases and topics alone: `crm verify`, and the oracle of tests."""
