"""Finished runs: their manifests, where they lie, whether they are up to date."""
