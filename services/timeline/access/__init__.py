"""Who may read the elements whose timelines there are (PERM-08)."""
