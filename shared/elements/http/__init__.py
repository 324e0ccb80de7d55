"""Routes that element types share."""
