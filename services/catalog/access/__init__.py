"""Roles and departments: who may do what, and who works with whom (PERM)."""
