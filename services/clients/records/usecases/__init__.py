"""What can be done with contacts and companies."""
