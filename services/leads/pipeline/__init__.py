"""The pipelines of deals, as far as leads have to know of them."""
