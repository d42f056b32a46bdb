"""HTML to a tagged PDF."""
