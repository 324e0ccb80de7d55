"""Sample files for the demo and the tests, the generator that made them, and mappings that fit the real set too."""
