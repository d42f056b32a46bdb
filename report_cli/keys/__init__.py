"""What a result is kept under: the code it reaches, what it was seen to use, and where it was computed."""
