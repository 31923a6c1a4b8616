"""A layer, its switch and its three lists."""
