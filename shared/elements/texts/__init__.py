"""What the fields of elements and the groups of their operations mean, for readers of the API."""
