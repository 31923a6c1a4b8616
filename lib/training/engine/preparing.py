"""What can be done for a run before its first step: features, graphs, and a first call of each."""

from lib.core import strategies
from lib.training.engine import solved_head
from lib.training.engine.features import Features
from lib.training.engine.network import Network
from lib.training.engine.run_log import RunLog
from lib.training.sources.pipeline import LoadedData


def get_ready(log: RunLog, network: Network, data: LoadedData) -> None:
    """Compute the features of a run, and trace and call its graphs.

    Args:
        log: Log that leads nowhere; it says when to stop.
        network: A network for the run.
        data: The images of the run.

    Raises:
        CancelledError: If preparing was cancelled.
    """
    config = log.config
    if not strategies.get(config.strategy).pretrained:
        return  # Its weights are random, so its network is not kept.
    features, solves = Features(log, network, data), config.head_solver == "solved"
    if solves:
        solved_head.get_ready()
    for phase in config.phases:
        for split in ("train", "validation"):
            features.examples(split, phase)
        log.say("starting")
        trainer = network.trainer(phase, config.l2 or solved_head.USUAL_L2 * solves)
        steps = not (solves and phase.name == "feature_extraction")
        trainer.warm_up(network.blank(phase), lambda batch: log.say("starting"), steps=steps)
    features.examples("test", config.phases[-1])
    network.begin(config)
