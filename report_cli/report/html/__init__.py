"""Markdown to one HTML file: pandoc, cleaning, numbering, tables, formulas, figures."""
