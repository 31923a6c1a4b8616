"""Figures of the strategy page: similarity to ImageNet, evidence."""
