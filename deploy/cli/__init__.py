"""The operator's command `crm`."""
