"""One image at all depths: maps over the image, receptive field, patches and first filters."""
