"""What a trained network does with pictures: its activations, what its filters prefer, where it looks."""
