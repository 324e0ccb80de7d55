"""Pure rules of entries, their texts and their bindings."""
