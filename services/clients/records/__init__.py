"""Contacts and companies: what people enter, find, merge and link (CONT, COMP, REQ, DUP, CLI-03, CLI-04)."""
