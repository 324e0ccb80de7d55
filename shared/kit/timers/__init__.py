"""Timers: moments at which an aggregate acts by itself."""
