"""Generate what `crm-contracts` ships beside its classes: a JSON Schema and a sample for every event."""
