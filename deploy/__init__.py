"""Running the CRM: images, topics, the local stack, the operator command."""
