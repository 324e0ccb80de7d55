"""Code that more than one service is built from."""
