"""Dead letters: records that a service could not handle, and what operators do about them.

The surprise: the records stay in Kafka for ever, and nothing done about one of them is written there. What became of
each stands in a register in the service's own database.
"""
