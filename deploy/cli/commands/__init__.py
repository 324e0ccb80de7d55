"""The commands of `crm`: each reads its options, calls a module of `deploy`, and prints the result."""
