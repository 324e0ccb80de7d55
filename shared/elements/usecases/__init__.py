"""Use cases that element types share."""
