"""The first lesson, on Home: what a network says of a drawing, and what its new head changes."""
