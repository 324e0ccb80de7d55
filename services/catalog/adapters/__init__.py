"""Where state is kept and how it is read."""
