"""Publish events from outboxes to Kafka, and consume them."""
