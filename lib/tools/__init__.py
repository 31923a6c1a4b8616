"""Tools that write lib/core/data and measure the app: `python -m lib.tools.<name> --help`."""
