"""The page Learning curves: runs, curves, findings and the test images."""
