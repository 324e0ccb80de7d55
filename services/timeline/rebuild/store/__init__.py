"""Read views of rebuilds, and the comparison of two versions of the projection."""
