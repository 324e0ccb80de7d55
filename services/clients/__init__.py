"""Clients: contacts and companies."""
