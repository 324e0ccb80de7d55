"""What goes in and out of the clients API, by topic."""
