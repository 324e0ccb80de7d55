"""The mode of the CRM: whether leads stay (Classic), or become deals at once (Simple)."""
