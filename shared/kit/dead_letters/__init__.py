"""Dead letters: records that a service could not handle, and their replay or discard by operators.

The records stay in Kafka for ever and are never changed there; their state and history are kept in the service's own
database.
"""
