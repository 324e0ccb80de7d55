"""Building blocks of every service, without any business word."""
