"""The CRM's events, for whoever publishes or reads them.

Start at `registry.parse`: it turns the headers and body of a Kafka record into a typed event.
"""
