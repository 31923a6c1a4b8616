"""How TensorFlow makes a traced graph ready to run."""

import tensorflow as tf


def run_as_traced() -> None:
    """Have graphs run as they were traced, without a rewrite before their first call.

    For this process. TensorFlow's rewrite of a step of full fine-tuning takes about as long as six
    steps, and makes none of the others quicker (docs/benchmarks.md). What picks the kernels of a
    CPU is another part of TensorFlow, and stays.
    """
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
