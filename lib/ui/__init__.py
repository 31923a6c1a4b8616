"""Modules that every page shares: shell, state, caches and widgets."""
