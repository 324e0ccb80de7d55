"""The board: deals as cards by the stages of a pipeline, with counts and sums."""
