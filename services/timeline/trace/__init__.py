"""Traces: the steps of one request over all services."""
