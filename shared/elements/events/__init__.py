"""Reactions that element services share."""
