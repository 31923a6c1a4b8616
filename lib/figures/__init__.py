"""Plotly figures: values from lib.core in, go.Figure out."""
