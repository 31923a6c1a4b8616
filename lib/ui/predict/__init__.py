"""The page Predict: an image through a network, and a run to take home."""
