"""The first filters of a network as pictures."""
