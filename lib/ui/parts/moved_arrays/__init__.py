"""How far each array moved."""
