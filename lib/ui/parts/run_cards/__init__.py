"""Cards of named runs, each with a small picture of its curve."""
