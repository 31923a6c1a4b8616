"""Keeps the reader's key in a cookie of their browser."""
