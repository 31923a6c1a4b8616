"""Feature maps and what is made of them: averages, class maps, predictions.

Imports: core, core.files, core.lab, core.reading.
"""
