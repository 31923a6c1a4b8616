"""Where images come from: datasets, folders, uploads, downloads; decoded, and features cached."""
