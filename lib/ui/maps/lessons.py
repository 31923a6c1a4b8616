"""The short lessons below the pooling page."""

from lib.ui.sources import Lesson

LESSONS: tuple[Lesson, ...] = (
    (
        "Where does it come from?",
        "AlexNet and VGG16 end in Flatten and large Dense layers, and most of their parameters are "
        "there: nine tenths in VGG16. In 2013 *Network in Network* ended in one feature map per "
        "class and averaged it. An average has nothing to learn, so it cannot overfit. GoogLeNet, "
        "ResNet and nearly every convolutional classifier since end in an average.",
        ("network-in-network", "vgg16", "googlenet"),
    ),
    (
        "Why can a map show where the decision came from?",
        "An average and a weighted sum can change places. Average the channels and weigh the "
        "averages: the logit. Weigh the channels and average the sum: the same logit, with a map "
        "on the way. Zhou and others saw in 2016 that the map finds the object, though nobody had "
        "told the network where it is. It is exact only where GAP and one Dense layer end the "
        "network.",
        ("cam",),
    ),
    (
        "What is lost?",
        "Where something was. Shuffle the cells of a channel and its average stays. That is right "
        "for “is there a cat?” and wrong for “is the cat on the left?”. How concentrated it was is "
        "lost too: one cell of 9 and nine of 1 look the same. The maximum keeps the strength of "
        "the strongest cell and forgets all others.",
        ("network-in-network", "cam"),
    ),
    (
        "What is kept?",
        "How much of each feature there is. And some of the position: each cell looks at a large "
        "part of the image, and zeros added at the borders tell a network where the edges are. So "
        "channels can come to mean “fur, top left”, and their averages carry it on.",
        ("position-information",),
    ),
    (
        "Why does the input size become free?",
        "A convolution slides over any image; only its map grows. Flatten turns a larger map into "
        "a longer vector, and the Dense layer behind it has one weight for each number: no other "
        "length fits. The average of a map is one number however large the map is, so "
        "the head always gets as many numbers as there are channels.",
        ("spatial-pyramid-pooling", "network-in-network"),
    ),
    (
        "Average or maximum?",
        "The average asks how much of a feature there is; every cell gets an equal share of the "
        "gradient. The maximum asks whether it is anywhere; only the strongest cell learns. "
        "A map of averages tends to cover the whole object, one of maxima its most telling part.",
        ("cam",),
    ),
)
