"""A small feature map to change by hand."""
