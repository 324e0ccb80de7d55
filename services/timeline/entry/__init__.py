"""Entries of the timeline: the projection of all events, and the bindings made by hand."""
