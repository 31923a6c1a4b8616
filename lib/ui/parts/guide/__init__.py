"""The bar of a lesson: its step, its question, and the way to the next one."""
