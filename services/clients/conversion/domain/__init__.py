"""What a conversion decides, and what contacts and companies get from the lead."""
