"""Deals, and the deals that leads ask for."""
