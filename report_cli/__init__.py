"""Writes homework and lab reports in which every number is computed, cached and traceable to its run."""
