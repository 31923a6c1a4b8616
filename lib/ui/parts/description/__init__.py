"""An animal described by attributes, and the photographs that its classifier wins."""
