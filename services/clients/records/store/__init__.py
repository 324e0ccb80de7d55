"""Collections, indexes and reads of contacts and companies."""
