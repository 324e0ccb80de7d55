"""Timeline: what happened to each element."""
