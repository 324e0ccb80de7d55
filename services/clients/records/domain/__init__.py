"""Contacts and companies: their rules, without any infrastructure."""
