"""What Thaw knows: pure functions and values over the standard library and NumPy."""
