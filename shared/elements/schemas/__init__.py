"""Request bodies that element types share."""
