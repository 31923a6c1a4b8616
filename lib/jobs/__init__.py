"""The web side of training: one Dask client and the engine process it talks to."""
