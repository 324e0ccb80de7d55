"""Products and their prices (PROD)."""
