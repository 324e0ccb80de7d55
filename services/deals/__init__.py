"""Deals: sales in progress."""
