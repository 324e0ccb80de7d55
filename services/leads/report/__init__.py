"""What leads say together: where they come from, and what becomes of them (LEAD-23)."""
