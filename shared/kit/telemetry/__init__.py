"""Log, count and trace what a service does."""
