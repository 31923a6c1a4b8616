"""Training itself: the only folder that imports Keras, TensorFlow and TensorFlow Datasets."""
