"""What elements with a card have in common, leads and deals now, quotes and invoices later.

`client`, `rows` and `stages` are pure rules that a domain may use; `products` and `inputs` serve adapters and
entrypoints.
"""
