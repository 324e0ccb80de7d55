"""Create or link the contact and the company of a lead that is converted (LEAD-11 to LEAD-13)."""
