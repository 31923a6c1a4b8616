"""The sources of the claims on pages, and how a page names them."""

import streamlit as st

# key -> (title, address); the whole list with what was taken from each is docs/sources.md.
SOURCES: dict[str, tuple[str, str]] = {
    "keras-transfer": (
        "Keras guide, Transfer learning and fine-tuning",
        "https://keras.io/guides/transfer_learning/",
    ),
    "tf-transfer": (
        "TensorFlow tutorial, Transfer learning and fine-tuning",
        "https://www.tensorflow.org/tutorials/images/transfer_learning",
    ),
    "cs231n-transfer": (
        "CS231n notes, Transfer Learning",
        "https://cs231n.github.io/transfer-learning/",
    ),
    "imagehash": ("ImageHash", "https://github.com/JohannesBuchner/imagehash"),
    "tf-shuffle": (
        "TensorFlow API, tf.data.Dataset.shuffle",
        "https://www.tensorflow.org/api_docs/python/tf/data/Dataset#shuffle",
    ),
    "yosinski-2014": (
        "Yosinski et al. 2014, How transferable are features in deep neural networks?",
        "https://arxiv.org/abs/1411.1792",
    ),
    "raghu-2019": (
        "Raghu et al. 2019, Transfusion: Understanding Transfer Learning for Medical Imaging",
        "https://arxiv.org/abs/1902.07208",
    ),
    "kumar-2022": (
        "Kumar et al. 2022, Fine-Tuning can Distort Pretrained Features and Underperform "
        "Out-of-Distribution",
        "https://arxiv.org/abs/2202.10054",
    ),
    "arpit-2017": (
        "Arpit et al. 2017, A Closer Look at Memorization in Deep Networks",
        "https://arxiv.org/abs/1706.05394",
    ),
    "rolnick-2017": (
        "Rolnick et al. 2017, Deep Learning is Robust to Massive Label Noise",
        "https://arxiv.org/abs/1705.10694",
    ),
    "you-2021": (
        "You et al. 2021, LogME: Practical Assessment of Pre-trained Models for Transfer Learning",
        "https://arxiv.org/abs/2102.11005",
    ),
    "alain-2016": (
        "Alain and Bengio 2016, Understanding intermediate layers using linear classifier probes",
        "https://arxiv.org/abs/1610.01644",
    ),
    "efficientnet-lite": (
        "Higher accuracy on vision models with EfficientNet-Lite",
        "https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html",
    ),
    "cs231n-training": (
        "CS231n notes, Learning and evaluation",
        "https://cs231n.github.io/neural-networks-3/",
    ),
    "guo-2017": (
        "Guo et al. 2017, On Calibration of Modern Neural Networks",
        "https://arxiv.org/abs/1706.04599",
    ),
    "network-in-network": ("Network In Network", "https://arxiv.org/abs/1312.4400"),
    "vgg16": (
        "Very Deep Convolutional Networks for Large-Scale Image Recognition",
        "https://arxiv.org/abs/1409.1556",
    ),
    "googlenet": ("Going Deeper with Convolutions", "https://arxiv.org/abs/1409.4842"),
    "cam": (
        "Learning Deep Features for Discriminative Localization",
        "https://arxiv.org/abs/1512.04150",
    ),
    "grad-cam": (
        "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization",
        "https://arxiv.org/abs/1610.02391",
    ),
    "position-information": (
        "How Much Position Information Do Convolutional Neural Networks Encode?",
        "https://arxiv.org/abs/2001.08248",
    ),
    "spatial-pyramid-pooling": (
        "Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition",
        "https://arxiv.org/abs/1406.4729",
    ),
}


def cite(*keys: str) -> None:
    """Where a claim comes from."""
    links = "; ".join(map(link, keys))
    # A caption would fade the links below a contrast of 4.5:1.
    st.markdown(f":small[Source: {links}]")


def link(key: str) -> str:
    """A source in a table: its title as a link; what Thaw measured has no address."""
    if key not in SOURCES:
        return "Thaw's own recorded runs"
    title, address = SOURCES[key]
    return f"[{title}]({address})"
