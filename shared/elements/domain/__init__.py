"""Pure rules that several element types share."""
