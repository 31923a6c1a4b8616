"""What a residual block adds to its input."""
