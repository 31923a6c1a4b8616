"""Files as people have them, through every way in: used where their pixels can be, or named."""

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from lib.core.errors import DataError
from lib.core.images import formats
from lib.core.uploads import inbox, own_datasets
from lib.tools import measure_decoding
from lib.training.images import decode, metadata, single_image
from lib.training.sources import feature_cache, folder, own_dataset, pipeline
from lib.training.sources import tfds as tfds_source
from tests.speeds import thorough_beyond

UPLOADS = Path(__file__).resolve().parents[1] / "data" / "uploads"
READER = own_datasets.hashed("a key")
ORIENTATION = 0x0112
QUARTER_TURN = 6
PER_CLASS = 6


@pytest.fixture(autouse=True)
def _thaw_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))


@pytest.fixture
def prepared(thaw_home: Path, _thaw_home: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home of the session, where the datasets are prepared only once."""
    monkeypatch.setenv("THAW_HOME", str(thaw_home))


def encoded(image: Image.Image, form: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def one_colour(number: int) -> bytes:
    return encoded(Image.new("RGB", (12, 12), (number, 255 - number, 7 * number % 256)))


def classes(name: str, data: bytes) -> dict[str, bytes]:
    """Two classes of drawings, and among the first of them a file."""
    return {f"cat/{name}": data} | {
        f"{label}/{number}.png": one_colour(20 * place + number)
        for place, label in enumerate(("cat", "dog"))
        for number in range(PER_CLASS)
    }


# --- Ways in: each gives the pixels of a file, or says why not ----------------------------------


def by_upload(upload: str, number: int = 0) -> np.ndarray:
    made = own_datasets.get(own_dataset.prepare(upload, READER, "mine"))
    assert made
    if made.left_out:
        raise ValueError(made.left_out[0])
    pictures = own_datasets.folder(made.id)
    assert pictures
    return np.asarray(Image.open(sorted((pictures / "cat").iterdir())[number]))


def by_zip(name: str, data: bytes) -> np.ndarray:
    content, files = io.BytesIO(), classes(name, data)
    with zipfile.ZipFile(content, "w") as archive:
        for path, each in files.items():
            archive.writestr(path, each)
    content.seek(0)
    cats = sorted(path for path in files if path.startswith("cat"))
    return by_upload(inbox.receive(content, READER), cats.index(f"cat/{name}"))


def by_files(name: str, data: bytes) -> np.ndarray:
    pictures: dict[str, list[tuple[str, bytes]]] = {}
    for path, each in classes(name, data).items():
        label, _, file = path.partition("/")
        pictures.setdefault(label, []).append((file, each))
    return by_upload(inbox.pack(pictures, READER))


def by_folder(name: str, data: bytes) -> np.ndarray:
    root = own_datasets.root().parent / "pictures"
    for path, each in classes(name, data).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(each)
    described = folder.describe_folder(root)
    if described.left_out:
        raise ValueError(described.left_out[0])
    index = described.files.index(f"cat/{name}")
    ((_, read),) = folder.source(described.fingerprint, root).read(frozenset({index}))
    with decode.opened(read) as image:
        width, height = decode.upright_size(image)
        return decode.stretched(image, height, width)


def by_predict(_: str, data: bytes) -> np.ndarray:
    try:
        width, height = single_image.decode(data, 1, 1).size
        return single_image.decode(data, height, width).pixels
    except DataError as error:
        raise ValueError(error.message) from error


WAYS: Mapping[str, Callable[[str, bytes], np.ndarray]] = {
    "zip": by_zip,
    "files": by_files,
    "folder": by_folder,
    "Predict": by_predict,
}
every_way_in = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@every_way_in
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("weird_exif_orientation6.jpg", (48, 64)),  # of 64 x 48, and held upright
        ("comfyui_big_itxt.png", (64, 64)),
        ("chrome_download.jfif", (96, 96)),
    ],
)
def test_a_good_photograph_is_used_upright_whatever_is_written_beside_its_pixels(way, name, size):
    pixels = way(name, (UPLOADS / name).read_bytes())
    assert pixels.shape == (size[1], size[0], 3)
    assert pixels.std() > 5


# --- What is written beside the pixels ----------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(png: bytes, added: bytes, behind: bool = False) -> bytes:
    """A PNG with one more chunk, before its pixels or behind them."""
    at = png.rindex(b"IEND") - 4 if behind else png.index(b"IDAT") - 4
    return png[:at] + added + png[at:]


def turned(wide: Image.Image) -> np.ndarray:
    return np.asarray(wide.transpose(Image.Transpose.ROTATE_270))


def wide() -> Image.Image:
    image = Image.new("RGB", (40, 20), "black")
    image.paste("white", (20, 0, 40, 20))
    return image


def exif() -> Image.Exif:
    block = Image.Exif()
    block[ORIENTATION] = QUARTER_TURN
    return block


LARGE = b"a prompt " * 200_000
PACKED = zlib.compress(LARGE)


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    "added",
    [
        chunk(b"tEXt", b"prompt\0" + LARGE),
        chunk(b"zTXt", b"prompt\0\0" + PACKED),
        chunk(b"iTXt", b"prompt\0\1\0\0\0" + PACKED),
        chunk(b"iTXt", b"prompt\0\1\0\0\0" + b"no zlib"),
        chunk(b"iCCP", b"profile\0\0" + PACKED),
        chunk(b"iCCP", b"profile\0\7" + PACKED),
        chunk(b"iCCP", b""),
        chunk(b"pHYs", b"\0"),
        chunk(b"gAMA", b""),
        chunk(b"eXIf", b"no EXIF"),
        chunk(b"tEXt", b"Title\0A cat")[:-4] + b"\0\0\0\0",
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n  2\nno digits")),
    ],
    ids=lambda added: f"{added[4:8].decode()} {len(added)}",
)
def test_nothing_in_a_png_is_in_the_way_of_its_pixels(added, behind):
    data = with_chunk(encoded(wide()), added, behind)
    decode.check(data)
    with decode.opened(data) as image:
        assert np.array_equal(decode.stretched(image, 20, 40), np.asarray(wide()))


@given(kind=st.sampled_from(range(0xE0, 0xF0)), start=st.sampled_from(
    [b"", b"Exif\0\0", b"Exif\0\0II*\0\x08\0\0\0", b"Exif\0\0MM\0*\0\0\0\x08", b"JFIF\0",
     b"ICC_PROFILE\0", b"Photoshop 3.0\0008BIM\x03\xed", b"MPF\0II*\0\x08\0\0\0", b"Adobe",
     b"http://ns.adobe.com/xap/1.0/\0"]), body=st.binary(max_size=80))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_nothing_beside_the_pixels_of_a_jpeg_is_in_their_way(kind, start, body):
    jpeg = encoded(Image.new("L", (16, 16), 200), "JPEG")
    segment = bytes((0xFF, kind)) + struct.pack(">H", 2 + len(start + body)) + start + body
    assert (decode.decode(jpeg[:2] + segment + jpeg[2:], 8) == 200).all()


def in_a_text(block: bytes) -> bytes:
    """An EXIF block as ImageMagick writes it into a PNG."""
    return f"\nexif\n{len(block):8}\n{block.hex()}\n".encode()


XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
BLOCK = exif().tobytes()
SAYING_SO = {
    "JPEG": encoded(wide(), "JPEG", exif=exif(), quality=95),
    "WebP": encoded(wide(), "WEBP", exif=exif(), lossless=True),
    "AVIF": encoded(wide(), "AVIF", exif=exif(), quality=95),
    "PNG": encoded(wide(), exif=exif()),
    "PNG, behind the pixels": with_chunk(encoded(wide()), chunk(b"eXIf", BLOCK[6:]), behind=True),
    "PNG of ImageMagick": with_chunk(
        encoded(wide()),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(in_a_text(BLOCK))),
    ),
    "XMP of a JPEG": encoded(wide(), "JPEG", xmp=XMP, quality=95),
    "XMP of a PNG": with_chunk(
        encoded(wide()), chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    ),
}


@pytest.mark.parametrize("data", SAYING_SO.values(), ids=SAYING_SO)
def test_wherever_a_file_says_how_the_camera_was_held_it_is_turned(data):
    with decode.opened(data) as image:
        assert decode.upright_size(image) == (20, 40)
        pixels = decode.stretched(image, 40, 20)
    assert np.abs(pixels.astype(int) - turned(wide())).max() < 30


@pytest.mark.parametrize("held", range(1, 9))
def test_each_of_the_eight_ways_to_hold_a_camera_is_turned_as_pillow_turns_it(held):
    block = Image.Exif()
    block[ORIENTATION] = held
    marks = Image.frombytes("L", (3, 2), bytes(range(0, 240, 40)))
    data = encoded(marks, exif=block)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    with decode.opened(data) as image:
        width, height = decode.upright_size(image)
        assert np.array_equal(decode.stretched(image, height, width)[..., 0], expected)


@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(1, 30), st.randoms(use_true_random=False)
)
@settings(deadline=None)
def test_a_grey_image_is_resized_as_one_with_three_equal_channels(width, height, side, random):
    grey = Image.frombytes("L", (width, height), random.randbytes(width * height))
    pixels = decode.decode(encoded(grey), side)
    assert np.array_equal(pixels, decode.decode(encoded(grey.convert("RGB")), side))


@given(st.binary(max_size=60), st.sampled_from([b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_whatever_an_exif_block_holds_an_image_is_turned_in_one_of_eight_ways(rest, start):
    assert metadata.orientation(start + rest) in range(1, 9)


def test_the_limit_of_pillow_on_texts_stays_as_it_is():
    decode.check((UPLOADS / "comfyui_big_itxt.png").read_bytes())
    assert PngImagePlugin.MAX_TEXT_CHUNK == 1 << 20
    with pytest.raises(ValueError, match="MAX_TEXT_CHUNK"):
        Image.open(UPLOADS / "comfyui_big_itxt.png")


def test_a_profile_that_unpacks_to_more_than_any_profile_has_is_not_unpacked():
    bomb = zlib.compress(b"\0" * (metadata.MAX_UNPACKED + 1))
    said = metadata.split(with_chunk(encoded(wide()), chunk(b"iCCP", b"p\0\0" + bomb)))[1]
    assert said["icc_profile"] == b""


# --- What a file is, by its content -------------------------------------------------------------


@every_way_in
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WebP", "GIF", "BMP", "AVIF"])
def test_a_photograph_is_taken_whatever_it_is_called(way, form):
    assert form in formats.FORMATS
    pixels = way("0 photo.txt", encoded(wide(), form))
    assert pixels.shape == (20, 40, 3)
    assert np.abs(pixels.astype(int) - np.asarray(wide())).mean() < 4


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
OTHERS = {
    HEIC: "a HEIC image, which Thaw does not read: save it as JPEG",
    HEIC.replace(b"heic", b"mif1", 1): "a HEIC image",
    encoded(wide(), "TIFF"): "a TIFF image or the raw file of a camera",
    b"%PDF-1.7\n": "a PDF file, which Thaw does not read: save it as JPEG",
    b"\0\0\0\x18ftypmp42" + bytes(200): "a video",
    b"no image": "not a JPEG, PNG, WebP, GIF, BMP or AVIF image",
}


@every_way_in
@pytest.mark.parametrize(("data", "reason"), OTHERS.items(), ids=OTHERS.values())
def test_what_is_not_read_is_named_by_what_it_is(way, data, reason):
    with pytest.raises(ValueError, match=reason):
        way("0 photo.jpg", data)


@every_way_in
@pytest.mark.parametrize("mode", ["1", "P", "RGB"])
def test_a_bitmap_of_paint_is_taken_even_a_blank_one(way, mode):
    blank = Image.new("RGB", (640, 480), "white").convert(mode)
    assert (way("0 blank.dib", encoded(blank, "BMP")) == 255).all()


# --- What colours mean --------------------------------------------------------------------------

P3 = measure_decoding.display_p3()
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Of red, green and blue in CIE XYZ, adapted to D50 (IEC 61966-2-1).
SRGB_XYZ = np.array([[0.4360, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
SKIN, GRASS, FLOWER = (200, 130, 100), (90, 140, 60), (230, 60, 120)


def linear(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def encoded_again(light: np.ndarray) -> np.ndarray:
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def from_p3(colour: tuple[int, int, int]) -> np.ndarray:
    """A colour of Display P3 in sRGB, 0 to 255, by the definitions of both."""
    xyz = np.array(measure_decoding.P3).T @ linear(np.array(colour) / 255)
    return 255 * encoded_again(np.linalg.solve(SRGB_XYZ, xyz))


def drawn(colour: tuple[int, ...] | int, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (16, 16), colour)


@every_way_in
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WebP", "AVIF"])
@pytest.mark.parametrize("colour", [SKIN, GRASS, FLOWER])
def test_a_photograph_in_display_p3_has_the_colours_its_profile_gives_it(way, form, colour):
    options = {"lossless": True} if form == "WebP" else {} if form == "PNG" else {"quality": 98}
    data = encoded(drawn(colour), form, icc_profile=P3, **options)
    pixels = way("0.jpg", data)
    assert np.abs(pixels - from_p3(colour)).max() <= 5
    assert np.abs(pixels - np.array(colour)).max() > 5


def test_only_what_is_opaque_is_converted_and_white_stays_white():
    half = drawn((*FLOWER, 255), "RGBA")
    half.paste((*FLOWER, 0), (0, 0, 16, 8))
    pixels = decode.decode(encoded(half, icc_profile=P3), 16)
    assert (pixels[:7] == 255).all()
    assert np.abs(pixels[9:] - from_p3(FLOWER)).max() <= 2
    assert (decode.decode(encoded(drawn((255, 255, 255)), icc_profile=P3), 8) == 255).all()
    palette = drawn(FLOWER).quantize(4)
    assert np.abs(decode.decode(encoded(palette, icc_profile=P3), 8) - from_p3(FLOWER)).max() <= 4


LINEAR_GREY = measure_decoding.profile(
    "GRAY", "XYZ ", {"kTRC": b"curv" + bytes(8), "wtpt": b"XYZ " + bytes(4)
    + struct.pack(">3i", *(round(value * 65_536) for value in (0.9642, 1, 0.8249)))}
)  # fmt: skip


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_grey_is_converted_by_a_profile_of_grey(mode):
    grey = {"L": 55, "LA": (55, 255), "I;16": 55 << 8}[mode]
    pixels = decode.decode(encoded(drawn(grey, mode), icc_profile=LINEAR_GREY), 8)
    assert np.abs(pixels - 255 * encoded_again(np.array(55 / 255))).max() <= 2


def table_of_inks(lightness: int) -> bytes:
    """A table from four inks to Lab: bare paper is white, black is black, all else one grey."""
    corners = np.array([(lightness, 128, 128), (0, 128, 128)] * 8, np.uint8)
    corners[0] = (255, 128, 128)
    unchanged = struct.pack(">9i", *(65_536 * (at % 4 == 0) for at in range(9)))
    ramp = bytes(range(256))
    start = b"mft1" + bytes(4) + bytes((4, 3, 2, 0))
    return start + unchanged + 4 * ramp + corners.tobytes() + 3 * ramp


def test_inks_are_converted_relative_to_their_paper():
    yellow_paper = b"XYZ " + bytes(4) + struct.pack(">3i", 60_000, 60_000, 30_000)
    # The table for the intent "perceptual", and that for "relative colorimetric".
    tags = {"A2B0": table_of_inks(230), "A2B1": table_of_inks(128), "wtpt": yellow_paper}
    icc = measure_decoding.profile("CMYK", "Lab ", tags, "prtr")

    def pixel(*inks: int, **options: bytes) -> np.ndarray:
        data = encoded(drawn(inks, "CMYK"), "JPEG", quality=100, **options)
        return decode.decode(data, 8)[0, 0].astype(int)

    cyan, paper = (255, 0, 0, 0), (0, 0, 0, 0)
    assert pixel(*cyan).tolist() == [0, 255, 255]
    assert np.abs(pixel(*cyan, icc_profile=icc) - 119).max() <= 4  # L* of 50
    assert np.abs(pixel(*paper, icc_profile=icc) - 255).max() <= 1


@pytest.mark.parametrize(
    "icc",
    [b"", SRGB, P3[:200], b"of my camera", LINEAR_GREY],
    ids=["none", "sRGB", "cut off", "no profile", "of grey"],
)
def test_a_profile_that_is_srgb_or_cannot_be_used_changes_no_pixel(icc):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8))
    for form in ("PNG", "JPEG"):
        with_icc = decode.decode(encoded(noise, form, icc_profile=icc), 24)
        assert np.array_equal(with_icc, decode.decode(encoded(noise, form), 24))


@given(at=st.integers(0, len(P3) - 1), put=st.binary(max_size=40))
@settings(max_examples=300, deadline=None)
def test_whatever_a_profile_holds_the_image_is_used(at, put):
    broken = P3[:at] + put + P3[at + len(put) :]
    assert decode.decode(encoded(drawn(SKIN), icc_profile=broken), 8).shape == (8, 8, 3)


def test_many_threads_convert_as_one_does():
    rng = np.random.default_rng(0)
    files = [
        encoded(Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)), icc_profile=P3)
        for _ in range(64)
    ]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda data: decode.decode(data, 64), files))
    assert all(
        np.array_equal(each, decode.decode(data, 64))
        for each, data in zip(together, files, strict=True)
    )


def test_a_kept_photograph_has_no_profile_any_more():
    data = decode.kept(encoded(drawn(FLOWER), "JPEG", icc_profile=P3, quality=98))
    assert "icc_profile" not in metadata.split(data)[1]


# --- The same images, or others -----------------------------------------------------------------


def test_a_folder_is_another_one_only_where_a_profile_changes_its_colours(tmp_path):
    files = classes("0.jpg", encoded(drawn(FLOWER), "JPEG", icc_profile=SRGB))
    for path, each in files.items():
        (tmp_path / "pictures" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pictures" / path).write_bytes(each)
    # As it was before profiles were read: over names and bytes, file by file.
    before = hashlib.sha256()
    for path in sorted(files):
        folder.add(before, path, hashlib.sha256(files[path]).digest())
    assert folder.describe_folder(tmp_path / "pictures").fingerprint == before.hexdigest()
    before = hashlib.sha256()
    files["cat/0.jpg"] = encoded(drawn(FLOWER), "JPEG", icc_profile=P3)
    (tmp_path / "pictures" / "cat" / "0.jpg").write_bytes(files["cat/0.jpg"])
    for path in sorted(files):
        folder.add(before, path, hashlib.sha256(files[path]).digest())
    assert folder.describe_folder(tmp_path / "pictures").fingerprint != before.hexdigest()


def test_images_that_an_earlier_decoder_left_on_disk_are_not_found_again(
    monkeypatch, prepared, tmp_path
):
    monkeypatch.setattr(feature_cache, "cache_folder", lambda: tmp_path / "cache")
    wanted = {"num_images": 20, "image_size": 32, "seed": 1}
    entries = set()
    for version in (decode.VERSION - 1, decode.VERSION):
        monkeypatch.setattr(decode, "VERSION", version)
        pipeline.load_data("openmoji_animals_food", **wanted)
        entries |= set(feature_cache.cache_folder().iterdir())
    assert len(entries) == 2 * 3  # training, validation and test images of each decoder


@pytest.mark.parametrize(
    "dataset", thorough_beyond(["openmoji_animals_food"], ["openmoji_animals_food", "elpv"])
)
def test_no_image_of_the_recorded_datasets_has_a_profile(dataset, prepared):
    source = tfds_source.source(dataset)
    everything = frozenset(range(len(source.labels)))
    assert not any("icc_profile" in metadata.split(data)[1] for _, data in source.read(everything))


def test_tfds_writes_the_photographs_of_cats_and_dogs_without_profiles():
    name = "PetImages/Cat/0.jpg"
    photograph = encoded(drawn(FLOWER), "JPEG", icc_profile=P3)
    assert "icc_profile" in metadata.split(photograph)[1]
    made = tfds.builder_cls("cats_vs_dogs")._generate_examples(
        None, iter([(name, io.BufferedReader(io.BytesIO(photograph)))])
    )
    _, record = next(made)
    assert "icc_profile" not in metadata.split(record["image"].read())[1]
