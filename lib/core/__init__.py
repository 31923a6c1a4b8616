"""The domain logic of Thaw: pure functions and values, with the standard library and NumPy only."""
