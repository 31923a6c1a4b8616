"""Names in the downloaded folder of a run, used by its code and by its archive."""

BACKBONE_FILE = "backbone.keras"
IMAGES_FOLDER = "images"
