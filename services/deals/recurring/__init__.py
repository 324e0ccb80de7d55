"""Templates, and the deals that are made from them."""
