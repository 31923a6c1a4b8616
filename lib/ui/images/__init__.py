"""The page Data: catalogue, inspection, pipeline and splits of a dataset."""
