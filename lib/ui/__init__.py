"""What every page shares: shell, state, caches and components."""
