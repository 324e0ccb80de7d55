"""Rules of a lead."""
