"""Images in rows."""
