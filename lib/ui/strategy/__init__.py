"""The page Strategy: answers, recommendation, evidence, and how a run starts from it."""
