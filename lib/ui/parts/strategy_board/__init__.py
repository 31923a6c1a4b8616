"""Questions, recommendation and map of the strategy page."""
