"""Leases: work at an aggregate that one replica does at a time, and another one goes on with if that one dies."""
