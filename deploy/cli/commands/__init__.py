"""The commands of `crm`: each takes its options, lets a module of `deploy` do the work, and prints what came of it."""
