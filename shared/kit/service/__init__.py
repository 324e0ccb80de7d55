"""Run a service: life cycle, composition, process."""
