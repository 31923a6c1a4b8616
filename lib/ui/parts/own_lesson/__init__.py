"""A lecturer's own lesson in the store of their browser."""
