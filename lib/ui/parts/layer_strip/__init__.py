"""The strip of layers with its meters and table."""
