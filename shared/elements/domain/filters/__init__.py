"""The filter language: one syntax tree for lists, and for whatever else asks which records match (DEAL-01)."""
