"""Rebuild the projection beside the live one, compare both, switch (TL-11)."""
