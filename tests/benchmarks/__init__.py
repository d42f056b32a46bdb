"""What things cost, as ratios within one run: `make bench` prints them, nothing passes or fails by them."""
