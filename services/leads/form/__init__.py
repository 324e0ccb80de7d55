"""Forms of sites and ad networks, and the leads that come in by them."""
