"""The short lessons below the pooling page."""

from lib.ui import sources
from lib.ui.sources import Lesson

LESSONS: tuple[Lesson, ...] = (
    (
        "Where does it come from?",
        "AlexNet and VGG16 end in Flatten and large Dense layers, and most of their parameters are "
        "there: nine tenths in VGG16. In 2013 *Network in Network* ended in one feature map per "
        "class and averaged it. An average has no parameters, so it cannot overfit. GoogLeNet, "
        "ResNet and nearly every convolutional classifier since end in an average.",
        ("network-in-network", "vgg16", "googlenet"),
    ),
    (
        "Why can a map show where the decision came from?",
        "An average and a weighted sum can change places. Average the channels and weight the "
        "averages: that is the logit. Weight the channels and average the sum: the same logit, "
        "with a map in between. Zhou and others showed in 2016 that this map finds the object, "
        "although the network was never told its position. The map is exact only if the network "
        "ends in GAP and one Dense layer.",
        ("cam",),
    ),
    (
        "What is lost?",
        "The position. Shuffle the cells of a channel and its average stays the same. That is "
        "right for “is there a cat?” and wrong for “is the cat on the left?”. The concentration is "
        "lost too: one cell of 9 and nine of 1 have the same average. The maximum keeps only the "
        "value of the strongest cell.",
        ("network-in-network", "cam"),
    ),
    (
        "What is kept?",
        "The amount of each feature, and some information about position: each cell sees a large "
        "part of the image, and zero padding tells a network where the borders are. So a channel "
        "can learn to mean “fur, top left”, and its average keeps that.",
        ("position-information",),
    ),
    (
        "Why can the input have any size?",
        "A convolution slides over an image of any size; only its map grows. Flatten turns a "
        "larger map into a longer vector, but the Dense layer after it has one weight for each "
        "number, so no other length fits. The average of a map is one number for any size of the "
        "map, so the head always gets as many numbers as there are channels.",
        ("spatial-pyramid-pooling", "network-in-network"),
    ),
    (
        "Average or maximum?",
        "The average asks how much of a feature there is; every cell gets an equal share of the "
        "gradient. The maximum asks whether it is anywhere; only the strongest cell learns. "
        "Averages make the class map cover the whole object, maxima its most typical part.",
        ("cam",),
    ),
)


def show() -> None:
    """Show the lessons."""
    sources.lessons(LESSONS)
