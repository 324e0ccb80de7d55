"""The projection in MongoDB, in versions."""
