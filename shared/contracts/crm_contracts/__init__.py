"""The CRM's events, for producers and consumers.

Start at `registry.parse`: it turns the headers and body of a Kafka record into a typed event.
"""
