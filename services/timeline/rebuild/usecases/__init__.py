"""What the operator and the replicas do with a rebuild."""
