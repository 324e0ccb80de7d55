"""Cells: counts and sums that are never incremented, but counted anew where something has changed."""
