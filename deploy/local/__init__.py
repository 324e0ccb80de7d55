"""The whole system on one machine: brokers and database on the best rung that the machine offers, then the services."""
