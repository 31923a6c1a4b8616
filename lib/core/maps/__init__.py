"""Feature maps and what is made of them: averages, class maps, predictions.

Imports: core, core.lab, core.reading.
"""
