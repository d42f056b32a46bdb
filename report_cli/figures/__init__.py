"""The workshop of figures: matplotlib in one style, and words for what a figure shows."""
