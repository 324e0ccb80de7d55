"""Rules of a dictionary. Pure."""
