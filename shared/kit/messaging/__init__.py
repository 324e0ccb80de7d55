"""Publish to Kafka from the outbox, and subscribe to it."""
