"""What is measured, how much of it, and the targets: one module for each family of measurements."""
