"""The report wing: turns run folders into pages. Files on disk are the only thing it shares with the run wing."""
