"""A dot for each image of a dataset."""
