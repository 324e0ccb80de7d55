"""Rules of a product. Pure."""
