"""The training engine: a Dask scheduler and its workers on this machine, for one web process.

`python -m lib.jobs.engine` is started only by lib.jobs.client. It writes its address and TLS keys
to standard output as one line of JSON, and ends when its standard input is closed. The operating
system closes that pipe when the web process ends, for whatever reason.
"""

import argparse
import json
import logging
import os
import sys
import threading
from contextlib import suppress
from typing import Any, TextIO

import dask
import psutil
from distributed import LocalCluster, Security, Status

from lib.core import limits
from lib.core.errors import EngineError
from lib.core.files.home import thaw_home
from lib.jobs.worker import TRAINER, TRAINER_VARIABLE

LOOPBACK = "127.0.0.1"
SECONDS_BETWEEN_LOOKS = 1.0

# Training uses every core; the web process has a higher priority.
NICENESS = 10

DASK_CONFIG = {
    # A killed worker ends its run without a retry (the default is three retries).
    "distributed.scheduler.allowed-failures": 0,
    # A dead worker is detected by its connection; a clock that jumps must not look like one.
    "distributed.scheduler.worker-ttl": None,
    # By default Dask gives up a worker that has not restarted within 15 seconds.
    "distributed.deploy.lost-worker-timeout": "1000 days",
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.work-stealing": False,
    # The HTTP port serves only the health check.
    "distributed.scheduler.http.routes": ["distributed.http.health"],
    "distributed.worker.http.routes": ["distributed.http.health"],
    # The profiler stops the training thread a hundred times a second.
    "distributed.worker.profile.enabled": False,
    # Dask would delay runs because of memory that it does not manage and cannot free.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    # At its limit a worker ends itself, with a word about why (lib.jobs.memory). Its nanny ends it
    # if it cannot.
    "distributed.worker.memory.terminate": 1.1,
}


def _worker_environment(trainer: str, n_workers: int) -> dict[str, str]:
    # TensorFlow reads these when it is imported; values that the user has set are kept.
    cores = str(max(1, (os.cpu_count() or 1) // n_workers))
    wanted = {
        "TF_NUM_INTRAOP_THREADS": cores,
        "TF_NUM_INTEROP_THREADS": cores,
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "KERAS_BACKEND": "tensorflow",
    }
    kept = {name: os.environ.get(name, value) for name, value in wanted.items()}
    return {**kept, TRAINER_VARIABLE: trainer}


def _take_pipes() -> tuple[TextIO, TextIO]:
    """Take the pipes of the parent under file descriptors that children do not inherit.

    Afterwards standard input is empty and standard output goes to standard error, so that the
    output of a library cannot fill a pipe that is never read.
    """
    from_parent, to_parent = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return from_parent, to_parent


def start_cluster(trainer: str) -> tuple[Any, Any]:
    """Start a scheduler in this process and its workers, on loopback; returns it with its TLS keys.

    Args:
        trainer: "module:function" that the workers import when they start.

    Raises:
        EngineError: If THAW_WORKERS cannot be used.
        OSError: If the scratch folder cannot be created, or no port is free.
    """
    n_workers = limits.num_workers()
    folder = thaw_home() / "engine"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Python's resource tracker removes the semaphores of a killed engine. Its warning about that is
    # of no use.
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker"
    dask.config.set(DASK_CONFIG)
    security = Security.temporary()
    cluster = LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        processes=True,
        host=LOOPBACK,
        protocol="tls",
        security=security,
        dashboard_address=f"{LOOPBACK}:0",
        worker_dashboard_address=f"{LOOPBACK}:0",
        local_directory=str(folder),
        memory_limit=limits.run_bytes(n_workers),
        preload=["lib.jobs.worker"],
        env=_worker_environment(trainer, n_workers),
        silence_logs=logging.ERROR,
    )
    return cluster, security


def is_whole(cluster: Any) -> bool:
    """True while the scheduler runs and every worker has a running nanny, which restarts it."""
    nannies = [nanny.status for nanny in cluster.workers.values()]
    return bool(cluster.scheduler.status == Status.running) and nannies == [Status.running] * len(
        cluster.worker_spec
    )


def main() -> None:
    """Run the engine until the parent has ended, or the scheduler or a nanny has failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainer", default=TRAINER, help="module:function that a run calls")
    trainer = parser.parse_args().trainer

    if hasattr(os, "nice"):  # not on Windows
        os.nice(NICENESS)
    from_parent, to_parent = _take_pipes()
    parent_gone = threading.Event()

    def wait_for_parent() -> None:
        from_parent.read()
        parent_gone.set()

    threading.Thread(target=wait_for_parent, daemon=True).start()

    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s", level=logging.WARNING)
    try:
        cluster, security = start_cluster(trainer)
    except (EngineError, OSError) as error:
        next_step = getattr(error, "next_step", "Look at the log of Thaw.")
        with to_parent:
            to_parent.write(json.dumps({"error": str(error), "next_step": next_step}) + "\n")
        sys.exit(1)
    greeting = {
        "address": cluster.scheduler_address,
        "num_workers": len(cluster.workers),
        "tls": {
            "tls_ca_file": security.tls_ca_file,
            "tls_client_cert": security.tls_client_cert,
            "tls_client_key": security.tls_client_key,
        },
    }
    with to_parent:
        to_parent.write(json.dumps(greeting) + "\n")

    while not parent_gone.wait(SECONDS_BETWEEN_LOOKS) and is_whole(cluster):
        pass
    # Killed and not closed, because closing would wait for active runs. Workers also end by
    # themselves after this process, unless code in them holds the global interpreter lock.
    for nanny in cluster.workers.values():
        with suppress(psutil.Error):
            psutil.Process(nanny.pid).kill()
    os._exit(0)


if __name__ == "__main__":
    main()
