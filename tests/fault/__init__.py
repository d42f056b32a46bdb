"""Faults of every kind against the real store code. `make test` runs a few of each, `make fault` all of them."""
