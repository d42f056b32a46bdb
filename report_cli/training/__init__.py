"""Training and evaluation that give the same result whenever, after whatever, and however often interrupted."""
