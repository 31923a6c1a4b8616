"""Moves the keyboard's focus to where a page goes on."""
