"""What every service is built from. It knows no business word."""
