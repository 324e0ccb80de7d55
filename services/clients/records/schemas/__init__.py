"""Bodies of requests and answers about contacts and companies."""
