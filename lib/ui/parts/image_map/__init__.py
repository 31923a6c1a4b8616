"""How good a head is at each depth, as a curve, and the images of a dataset as a map."""
