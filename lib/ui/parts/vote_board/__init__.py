"""A question to a room, and how many gave which answer."""
