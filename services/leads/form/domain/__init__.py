"""Rules of forms, and of what is submitted by them."""
