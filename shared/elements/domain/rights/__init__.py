"""Rights, compiled for one user: which records, which actions, which fields (PERM-01 to PERM-07). Pure."""
