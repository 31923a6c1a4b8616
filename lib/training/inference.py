"""Answers of a worker with the model of a finished run: a prediction, or the model as a file.

Each public function is a task for lib.jobs: arguments and results are plain values, bytes and
arrays. The image is decoded in the worker and never stored. Models are cached for further questions
and never changed. Questions do not affect an active run (tests/oracle/test_inference.py).
"""

import hashlib
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from lib.core import backbones, heads, runs, strategies
from lib.core.backbones import Preprocessing
from lib.core.broken import inputs as inputs_of
from lib.core.errors import ConfigError, StoreError
from lib.core.heads import HeadSpec
from lib.core.lab.folder import MODEL_FILE
from lib.core.runs import TrainConfig
from lib.training import model
from lib.training.images import single_image
from lib.training.network import explain, stored_model
from lib.training.network.head import build_head, build_pooling, is_squeezed

FloatArray = npt.NDArray[np.float32]

# A question about a run uses two models, before and after fine-tuning.
MODELS_KEPT = 2
FIRST_PHASE = "feature_extraction"

DAMAGED = StoreError(
    "The stored model of this run is damaged or of another run.", "Start the run again."
)


@dataclass(frozen=True)
class _Trained:
    """The model of a run, at the end of one of its phases."""

    config: TrainConfig
    head_spec: HeadSpec
    backbone: keras.Model
    pool: keras.Model
    head: keras.Model

    def top(self, maps: Any) -> Any:
        """From the last feature map to the logits, in inference mode."""
        return self.head(self.pool(maps, training=False), training=False)


def predict(
    run_folder: str, config: Mapping[str, Any], image: bytes, phase: str | None = None
) -> dict[str, Any]:
    """Predict an image with the model of a finished run, with a class activation map.

    Args:
        run_folder: Folder of the run.
        config: Fields of the run's configuration.
        image: One of lib.core.images.formats.
        phase: Key of the phase at whose end the model is used; None for the last phase.

    Returns:
        `image` (image_size, image_size, 3) uint8; `size` (width, height) and `format` of the
        original; of the model `probabilities` (classes,); `logits`, one for
        two classes, otherwise (classes,); `map` (rows, columns, classes), signed, for two classes
        the second is the logit's and the first its negative; `how`, "cam" or "grad_cam"; `kernel`
        and `bias` of the last layer; and with "cam" `maps` (rows, columns, channels), the last
        feature map: the mean of the map plus the bias is the logit. `before`: what the model before
        fine-tuning predicts, with the same keys, or None if there is no such model.

    Raises:
        ConfigError: If the configuration is not valid or has no such phase.
        DataError: If the image cannot be used.
        StoreError: If the model is not stored, is damaged or belongs to another run.
        WeightsError: If the pretrained weights are not available to the worker.
    """
    asked = TrainConfig.from_dict(config)
    how = inputs_of.preprocessing_of(asked)
    shown = single_image.decode(image, asked.image_size, asked.image_size)
    inputs = how.apply(shown.pixels[np.newaxis])
    answer = _explained(_restored(_Stored.find(asked, run_folder, phase)), inputs)
    before = None
    if phase is None and len(asked.phases) > 1 and asked.phases[0].key == FIRST_PHASE:
        with suppress(NotStoredError):
            before = _explained(_restored(_Stored.find(asked, run_folder, FIRST_PHASE)), inputs)
    return {**shown.about, **answer, "before": before}


def backbone_of(run_folder: str, config: TrainConfig) -> keras.Model:
    """The backbone of a finished run, with its trained weights. Callers must not change it.

    Raises:
        StoreError: If the model is not stored, is damaged or belongs to another run.
        WeightsError: If the pretrained weights are not available to the worker.
    """
    return _restored(_Stored.find(config, run_folder, None)).backbone


def export_keras(run_folder: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The whole model of a finished run as one file that plain Keras opens.

    It takes images with values 0 to 255 and returns probabilities: for two classes only that of the
    second class, otherwise one for each class. Preprocessing is part of the model, as layers and
    operations of Keras. Loading it needs no custom code (`safe_mode` stays on).

    Args:
        run_folder: Folder of the run.
        config: Fields of its configuration.

    Returns:
        `file`, the bytes of a .keras file; `params`, how many parameters it has.

    Raises:
        ConfigError: If the configuration is not valid.
        StoreError: If the model is not stored, is damaged or belongs to another run.
        WeightsError: If the pretrained weights are not available to the worker.
    """
    asked = TrainConfig.from_dict(config)
    # Not the cached model, because using it inside another model would change it.
    trained = _build(_Stored.find(asked, run_folder, None))
    whole = _whole(trained, runs.run_id(asked))
    with tempfile.TemporaryDirectory(prefix="thaw-") as folder:
        path = Path(folder) / "model.keras"
        whole.save(path)
        return {"file": path.read_bytes(), "params": whole.count_params()}


def _whole(trained: _Trained, run_id: str) -> keras.Model:
    """From an image with values 0 to 255 to probabilities, frozen as in the last phase."""
    config = trained.config
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    last = config.phases[-1]
    plan = strategies.phase_plan(
        last.name, config.strategy, layers, last.thaw_from, config.batch_norm
    )
    model.apply_freeze_plan(trained.backbone, plan)
    image = keras.Input((config.image_size, config.image_size, 3), name="image")
    maps = trained.backbone(_preprocessed(image, inputs_of.preprocessing_of(config)))
    logits = trained.head(trained.pool(maps))
    activation = "sigmoid" if trained.head_spec.outputs == 1 else "softmax"
    probabilities = keras.layers.Activation(activation, name="probabilities")(logits)
    return keras.Model(image, probabilities, name=f"thaw_{run_id}")


def _preprocessed(image: Any, how: Preprocessing) -> Any:
    """The same as `how.apply`, in operations that a .keras file can store."""
    if how.order == "BGR":
        image = keras.ops.flip(image, axis=-1)
    scale = np.broadcast_to(np.asarray(how.scale), 3)
    offset = -np.asarray(how.mean) * scale
    return keras.layers.Rescaling(scale.tolist(), offset.tolist(), name="preprocessing")(image)


def _explained(trained: _Trained, inputs: FloatArray) -> dict[str, Any]:
    maps = trained.backbone(inputs, training=False)
    logits = trained.top(maps).numpy()[0]
    kernel, bias = trained.head.get_layer("logits").get_weights()
    answer = {
        "logits": logits,
        "probabilities": heads.softmax(logits).astype(np.float32),
        "kernel": kernel,
        "bias": bias,
    }
    if explain.is_exact(trained.head_spec) and not is_squeezed(trained.config):
        array = maps.numpy()[0]
        answer |= {"how": "cam", "map": explain.cam(array, kernel), "maps": array}
    else:
        answer |= {"how": "grad_cam", "map": explain.grad_cam(maps, trained.top)}
    if len(logits) == 1:  # the logit of the second class; that of the first is 0
        answer["map"] = np.concatenate([-answer["map"], answer["map"]], axis=-1)
    return answer


class NotStoredError(StoreError):
    """The model has no stored file."""


@dataclass(frozen=True)
class _Stored:
    """A stored model; two are equal if the content is the same, whatever the folder."""

    config: TrainConfig
    phase: str | None
    digest: str
    folder: Path = field(compare=False)

    @property
    def file(self) -> Path:
        """The file with all weights that differ from the pretrained backbone."""
        return self.folder / (f"{self.phase}.npz" if self.phase else MODEL_FILE)

    @classmethod
    def find(cls, config: TrainConfig, run_folder: str, phase: str | None) -> "_Stored":
        """The model of a run at the end of a phase.

        Raises:
            ConfigError: If the run has no such phase.
            NotStoredError: If the model is not there.
        """
        keys = [one.key for one in config.phases]
        if phase is not None and phase not in keys:
            raise ConfigError(f"This run has no phase called {phase!r}.", f"It has {keys}.")
        found = cls(
            config.acting, None if phase == keys[-1] else phase, "", Path(run_folder) / "model"
        )
        try:
            return replace(found, digest=hashlib.sha256(found.file.read_bytes()).hexdigest())
        except OSError as error:
            raise NotStoredError(
                "The trained model of this run is not stored here.",
                "Train it in the lab with another seed, and its model will be.",
            ) from error


def _build(stored: _Stored) -> _Trained:
    config = stored.config
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    feature_shape = layers[-1].output_shape
    head_spec = HeadSpec(
        pooling=config.pooling,
        hidden_units=config.hidden_units,
        dropout=config.dropout,
        outputs=_num_outputs(stored.file),
    )
    if heads.count_params(head_spec, feature_shape).total * 4 > _unpacked_bytes(stored.file):
        raise DAMAGED  # check before building a head that is larger than the file
    trained = _Trained(
        config,
        head_spec,
        model.first_backbone(config),
        build_pooling(head_spec, feature_shape),
        build_head(head_spec, feature_shape, seed=config.seed, squeezed=is_squeezed(config)),
    )
    stored_model.restore(stored.folder, trained.backbone, trained.head, phase=stored.phase)
    return trained


def _num_outputs(file: Path) -> int:
    """Number of logits of the stored head: the length of its last array, the bias.

    Raises:
        StoreError: If the file is damaged.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            of_head = [key for key in stored.files if key.startswith(f"{stored_model.HEAD}/")]
            last = max(of_head, key=lambda key: int(key.rpartition("/")[2]))
            (outputs,) = stored[last].shape
    except Exception as error:
        # A damaged archive can raise nearly anything in NumPy and zipfile.
        raise DAMAGED from error
    return int(outputs)


def _unpacked_bytes(file: Path) -> int:
    with zipfile.ZipFile(file) as archive:
        return sum(entry.file_size for entry in archive.infolist())


_restored = lru_cache(maxsize=MODELS_KEPT)(_build)
