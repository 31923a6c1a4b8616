"""The folder a run is taken home as: what its parts are called, in its code and in its archive."""

BACKBONE_FILE = "backbone.keras"
IMAGES_FOLDER = "images"
