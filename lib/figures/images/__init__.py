"""Figures of a dataset: sizes, values, how splits leak."""
