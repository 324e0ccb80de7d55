"""Search over every element that a caller may see (CLI-03, CLI-04)."""
