"""What a worker answers beside runs: about a dataset, its similarity, a run to take home."""
