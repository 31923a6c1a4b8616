"""What every page has around its content: explained words, and the way of the keyboard."""
