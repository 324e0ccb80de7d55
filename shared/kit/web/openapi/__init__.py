"""Describe a service's HTTP API for people and for generators of clients."""
