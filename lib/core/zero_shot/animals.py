"""The animals of the page Zero-shot, each a class of ImageNet, described by what a photo shows.

Written for Thaw by hand, class by class, before anything was measured with it: an attribute is
true if it is seen on a usual photograph of the animal, so grass behind it counts and its food does
not. A description has no photograph in it, which is what makes the classifier of a class that is
left out a zero-shot one. Binary attributes for this purpose: Lampert and others 2009
(lampert-2009).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Attribute:
    """One property that an animal has or has not.

    Args:
        id: Name in the table below and in links; it never changes.
        words: Label on the page.
    """

    id: str
    words: str


@dataclass(frozen=True)
class Animal:
    """A class of ImageNet with its description.

    Args:
        index: Class of ImageNet, 0 to 999.
        id: Name in links; it never changes.
        name: Name on the page, in lower case.
        attributes: Ids of the attributes that it has.
        drawing: Code points of its OpenMoji drawing; empty if there is none.
    """

    index: int
    id: str
    name: str
    attributes: frozenset[str]
    drawing: str


# Group on the page -> id: label. The order of the attributes is the order of every array.
_GROUPS = {
    "Pattern": {"stripes": "stripes", "spots": "spots", "patches": "large patches"},
    "Colours": {
        "black": "black",
        "white": "white",
        "grey": "grey",
        "brown": "brown",
        "sandy": "sandy",
        "rusty": "orange-brown",
        "vivid": "bright colours",
    },
    "Limbs": {
        "hooves": "hooves",
        "paws": "paws",
        "hands": "hands",
        "fins": "fins",
        "feathers": "feathers",
        "long_legs": "long legs",
    },
    "Head": {
        "trunk": "trunk",
        "tusks": "tusks",
        "horns": "horns",
        "mane": "mane",
        "large_ears": "large ears",
        "long_snout": "long snout",
        "long_neck": "long neck",
    },
    "Body": {
        "long_tail": "long tail",
        "bushy_tail": "bushy tail",
        "shaggy": "shaggy coat",
        "bare_skin": "bare skin",
        "armour": "shell or spines",
        "large": "large",
        "small": "small",
    },
    "Around it": {
        "grassland": "grassland",
        "forest": "forest",
        "rocks": "rocks",
        "snow": "snow",
        "water": "water",
        "people": "farm or home",
    },
}
GROUPS: dict[str, tuple[Attribute, ...]] = {
    group: tuple(Attribute(id_, words) for id_, words in rows.items())
    for group, rows in _GROUPS.items()
}
ATTRIBUTES: dict[str, Attribute] = {each.id: each for group in GROUPS.values() for each in group}

# Class of ImageNet | name | OpenMoji drawing | attributes. A drawing is left out where OpenMoji has
# none of this animal (its whale is no grey whale), and no drawing stands for two animals.
_TABLE = """
340 | zebra | 1F993 | hooves mane long_snout long_legs long_tail stripes black white large grassland
339 | horse | 1F40E | hooves mane long_snout long_legs long_tail brown rusty large grassland people
341 | pig | 1F416 | hooves long_snout large_ears bare_skin white large people
342 | wild boar | 1F417 | hooves tusks long_snout shaggy black brown forest
343 | warthog | | hooves tusks mane long_snout bare_skin grey brown grassland
344 | hippopotamus | 1F99B | tusks bare_skin grey brown large water
345 | ox | 1F402 | hooves horns long_snout brown white large grassland people
346 | water buffalo | 1F403 | hooves horns long_snout large_ears black grey large water people
347 | bison | 1F9AC | hooves horns mane shaggy brown black large grassland
348 | ram | 1F40F | hooves horns shaggy white grassland people
349 | bighorn sheep | | hooves horns brown white rocks
350 | ibex | | hooves horns brown grey rocks
351 | hartebeest | | hooves horns long_snout long_legs brown rusty large grassland
352 | impala | | hooves horns large_ears long_legs rusty sandy white grassland
353 | gazelle | | hooves horns long_legs sandy black white grassland
354 | camel | 1F42A | long_neck long_legs long_snout sandy brown large people
355 | llama | 1F999 | long_neck long_legs large_ears shaggy white brown rocks people
385 | Indian elephant | | trunk large_ears bare_skin grey large forest people
386 | African elephant | 1F418 | trunk tusks large_ears bare_skin grey large grassland
292 | tiger | 1F405 | paws long_tail stripes black white rusty large forest
291 | lion | 1F981 | paws mane long_tail sandy large grassland
288 | leopard | 1F406 | paws long_tail spots black sandy forest grassland
289 | snow leopard | | paws long_tail bushy_tail spots black white grey rocks snow
290 | jaguar | | paws long_tail spots black sandy rusty forest
293 | cheetah | | paws long_tail long_legs spots black sandy grassland
286 | cougar | | paws long_tail sandy brown rocks forest
287 | lynx | | paws large_ears spots brown grey sandy forest snow
281 | tabby cat | 1F408 | paws long_tail stripes black grey brown small people
284 | Siamese cat | | paws long_tail large_ears sandy brown small people
283 | Persian cat | | paws bushy_tail shaggy white grey small people
251 | dalmatian | | paws long_snout long_tail long_legs spots black white people
207 | golden retriever | 1F415 | paws long_snout bushy_tail shaggy sandy people
250 | husky | | paws long_snout bushy_tail patches black white grey snow people
269 | grey wolf | 1F43A | paws long_snout bushy_tail grey brown forest snow
277 | red fox | 1F98A | paws long_snout large_ears bushy_tail rusty white black grassland forest
279 | Arctic fox | | paws long_snout bushy_tail white snow
275 | hunting dog | | paws long_snout large_ears long_legs patches black white sandy grassland
276 | hyena | | paws large_ears mane spots brown sandy grey grassland
294 | brown bear | 1F43B | paws long_snout shaggy brown large water grassland
295 | American black bear | | paws long_snout shaggy black large forest
296 | polar bear | 1F43B-200D-2744-FE0F | paws long_snout white large snow water
388 | giant panda | 1F43C | paws patches shaggy black white large forest
387 | red panda | | paws long_tail bushy_tail stripes rusty black white forest
360 | otter | 1F9A6 | paws long_tail brown water
361 | skunk | 1F9A8 | paws bushy_tail stripes black white small grassland
362 | badger | 1F9A1 | paws long_snout stripes black white grey grassland
299 | meerkat | | paws long_snout long_tail sandy grey small grassland
337 | beaver | 1F9AB | paws brown water
334 | porcupine | | armour black brown white small forest
335 | fox squirrel | 1F43F | paws bushy_tail rusty brown grey small forest
333 | hamster | 1F439 | paws sandy brown white small people
338 | guinea pig | | paws shaggy patches black white brown small people
330 | rabbit | 1F407 | paws large_ears brown grey small grassland
336 | marmot | | paws bushy_tail brown grey rocks grassland
363 | armadillo | | armour long_snout large_ears long_tail bare_skin grey brown small grassland
364 | sloth | 1F9A5 | shaggy grey brown forest
105 | koala | 1F428 | paws large_ears grey white forest
104 | wallaby | 1F998 | paws large_ears long_snout long_tail brown grey grassland
365 | orangutan | 1F9A7 | hands shaggy rusty large forest
366 | gorilla | 1F98D | hands black grey large forest
367 | chimpanzee | | hands large_ears black forest
372 | baboon | | hands long_snout long_tail mane grey brown grassland rocks
383 | ring-tailed lemur | | hands long_tail bushy_tail stripes grey black white forest
382 | squirrel monkey | 1F412 | hands long_tail large_ears sandy grey black white small forest
148 | killer whale | 1FACD | fins bare_skin patches black white large water
147 | grey whale | | fins bare_skin grey large water
150 | sea lion | 1F9AD | fins brown large water rocks
2 | great white shark | 1F988 | fins bare_skin grey white large water
9 | ostrich | | feathers long_neck long_legs bare_skin black white brown large grassland
130 | flamingo | 1F9A9 | feathers long_neck long_legs vivid white water
84 | peacock | 1F99A | feathers long_tail vivid spots people
88 | macaw | 1F99C | feathers long_tail vivid forest
22 | bald eagle | 1F985 | feathers brown white black
24 | great grey owl | 1F989 | feathers stripes grey brown forest snow
145 | king penguin | 1F427 | feathers fins patches black white rusty snow water
49 | crocodile | 1F40A | armour long_snout long_tail grey brown large water
"""


def _read(line: str) -> Animal:
    index, name, drawing, attributes = (part.strip() for part in line.split("|"))
    return Animal(
        int(index),
        name.lower().replace(" ", "_").replace("-", "_"),
        name,
        frozenset(attributes.split()),
        drawing,
    )


# In the order of every array: the rows of features, weights and scores.
ANIMALS: dict[str, Animal] = {
    animal.id: animal for animal in map(_read, _TABLE.strip().splitlines())
}


def row(attributes: frozenset[str]) -> npt.NDArray[np.float64]:
    """Return a description as numbers: 1 for each attribute in it, 0 for the others.

    Output shape: (attributes,), in the order of ATTRIBUTES.
    """
    return np.array([float(id_ in attributes) for id_ in ATTRIBUTES])


@cache
def descriptions() -> npt.NDArray[np.float64]:
    """Return the table as numbers. Callers must not change them.

    Output shape: (animals, attributes), 0 or 1, in the orders of ANIMALS and ATTRIBUTES.
    """
    return np.stack([row(animal.attributes) for animal in ANIMALS.values()])
