"""The dates of recurring deals."""
