"""Templates: the manuscript, what it may take, and how values are written."""
