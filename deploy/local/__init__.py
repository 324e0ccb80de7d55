"""Run the whole system on one machine: Kafka and MongoDB from the first usable provider, then the services."""
