"""What one step changes, row by row."""
