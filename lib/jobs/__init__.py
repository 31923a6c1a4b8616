"""Training jobs: the Dask client of the web process, the engine process and its workers."""
