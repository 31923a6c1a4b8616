"""The page Global average pooling: real images, costs and lessons."""
