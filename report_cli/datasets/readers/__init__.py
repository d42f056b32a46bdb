"""Readers of what data sets are kept in: archives, class folders, photographs, tables."""
