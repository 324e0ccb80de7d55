"""Rules of a deal."""
