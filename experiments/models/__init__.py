"""Architectures, one a file, in keras alone."""
