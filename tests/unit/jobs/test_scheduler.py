"""THAW_SCHEDULER: a real scheduler and two real workers, each with a store of its own, over TLS."""

import datetime
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dask
import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lib.core.lab.store import RunStore
from lib.jobs.client import Client
from tests.unit.jobs_support import (
    PROJECT,
    PYTHONPATH,
    TRAINER,
    answered,
    calls,
    config,
    ended,
    environment,
    now,
    until,
)

DASK = [sys.executable, "-m", "dask"]
NUM_WORKERS = 2


@dataclass
class Cluster:
    """A scheduler and its workers.

    Args:
        address: Of the scheduler.
        stores: Of the workers.
    """

    address: str
    stores: list[RunStore]

    def pid_of(self, run_id: str) -> int:
        """The process that works on a run."""
        return [int(pid) for store in self.stores for _, id_, pid in calls(store) if id_ == run_id][
            -1
        ]

    def begins(self, run_id: str) -> int:
        """How often a run was begun, on any worker."""
        return sum(
            what == "begin" and id_ == run_id
            for store in self.stores
            for what, id_, _ in calls(store)
        )


def make_certificate(folder: Path) -> dict[str, str]:
    """A key and a certificate that signs itself, for every part of a cluster; Dask's settings."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "thaw test")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_file, certificate_file = folder / "key.pem", folder / "certificate.pem"
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    settings = {"require-encryption": "true", "tls.ca-file": str(certificate_file)}
    for part in ("scheduler", "worker", "client"):
        settings |= {f"tls.{part}.cert": str(certificate_file), f"tls.{part}.key": str(key_file)}
    return {f"distributed.comm.{name}": value for name, value in settings.items()}


def as_variables(settings: dict[str, str]) -> dict[str, str]:
    """Dask's settings as the environment variables that docs/scaling.md names."""
    return {
        "DASK_" + name.upper().replace(".", "__").replace("-", "_"): value
        for name, value in settings.items()
    }


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    settings = make_certificate(folder)
    variables = {**os.environ, **as_variables(settings), "PYTHONPATH": PYTHONPATH}
    scheduler_command = [*DASK, "scheduler", "--host", "tls://127.0.0.1:0"]
    worker_command = [*DASK, "worker", "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard"]
    preload = ["--preload", "lib.jobs.worker"]
    processes = []
    with (folder / "log").open("w") as log, dask.config.set(settings):
        scheduler = subprocess.Popen(
            [*scheduler_command, "--dashboard-address", "127.0.0.1:0"],
            env=variables,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        processes.append(scheduler)
        try:
            found: list[str] = []
            until(lambda: found.extend(listening(folder / "log")) or found)
            stores = []
            for number in range(NUM_WORKERS):
                home = folder / f"worker {number}"
                stores.append(RunStore(home / "runs"))
                stores[-1].root.mkdir(parents=True)
                worker = subprocess.Popen(
                    [*worker_command, *preload, "--local-directory", str(home), found[0]],
                    env={**variables, "THAW_HOME": str(home), "THAW_ENGINE_TRAINER": TRAINER},
                    cwd=PROJECT,
                    stdout=log,
                    stderr=log,
                )
                processes.append(worker)
            yield Cluster(found[0], stores)
        finally:
            for process in processes:
                for part in (*psutil.Process(process.pid).children(recursive=True), process):
                    part.kill()
                process.wait()


def listening(log: Path) -> list[str]:
    return re.findall(r"Scheduler at: +(tls://127\.0\.0\.1:\d+)", log.read_text())


@pytest.fixture
def client(cluster: Cluster, tmp_path: Path) -> Iterator[Client]:
    yield from connected(cluster, tmp_path)


@pytest.fixture
def other(cluster: Cluster, tmp_path: Path) -> Iterator[Client]:
    """A second web process, with a store of its own."""
    yield from connected(cluster, tmp_path / "other")


def connected(cluster: Cluster, home: Path) -> Iterator[Client]:
    with environment(home), pytest.MonkeyPatch.context() as patch:
        patch.setenv("THAW_SCHEDULER", cluster.address)
        client = Client(trainer=TRAINER)
        client.start()
        until(lambda: len(client.worker_pids()) == NUM_WORKERS)
        yield client
        client.close()


def test_two_runs_go_on_at_once_one_worker_dies_and_the_other_run_finishes(
    client: Client, other: Client, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By itself, the other web process would never give a run up.
    monkeypatch.setattr("lib.jobs.keeper.LOOKS_BEFORE_ORPHANED", 10**9)
    doomed = client.submit(config("endless", seed=1), owner="one")
    spared = client.submit(config("slow", seed=2, num_epochs=3), owner="two")
    until(lambda: now(client, doomed).history and now(client, spared).history)
    assert client.engine_pid is None
    # Another web process sees both from the beginning, and asking for one joins it.
    assert other.progress(doomed)
    assert len(now(other, doomed).history) == 1
    assert other.submit(config("slow", seed=2, num_epochs=3)) == spared
    until(lambda: now(other, spared).history)

    psutil.Process(cluster.pid_of(doomed)).kill()
    # The other learns it from the first.
    for web_process in (client, other):
        last = ended(web_process, doomed)
        assert (last.state, len(last.history)) == ("interrupted", 1)
        assert last.next_step
    run = client.store.open(doomed)
    assert run
    assert (run.status, len(run.history)) == ("interrupted", 1)

    for web_process in (client, other):
        last = ended(web_process, spared)
        assert (last.state, len(last.history)) == ("finished", 3)
        # The folder has travelled to where it was asked for.
        copy = web_process.store.open(spared)
        assert copy
        assert (copy.status, len(copy.history)) == ("finished", 3)
    assert cluster.begins(spared) == 1
    # The scheduler's own default is to start such a run again, up to three times.
    assert cluster.begins(doomed) <= 2
    assert ended(client, client.submit(config("fast", seed=3))).state == "finished"


def test_a_reader_of_another_web_process_can_cancel_a_run(client: Client, other: Client) -> None:
    id_ = client.submit(config("endless", seed=4))
    until(lambda: now(client, id_).history)
    assert not now(other, id_).ended
    other.cancel(id_)
    assert ended(other, id_).state == ended(client, id_).state == "cancelled"


def test_a_run_that_cost_its_worker_is_cancelled_for_those_who_follow_it_too(
    client: Client, other: Client
) -> None:
    id_ = client.submit(config("stone", seed=7))
    until(lambda: now(client, id_).history)
    assert not now(other, id_).ended
    client.cancel(id_)
    assert ended(other, id_).state == ended(client, id_).state == "cancelled"


def test_a_run_whose_web_process_is_gone_can_still_be_followed_and_cancelled(
    client: Client, other: Client
) -> None:
    id_ = client.submit(config("deaf", seed=5))
    until(lambda: now(client, id_).history)
    assert not now(other, id_).ended
    client.close()
    assert not now(other, id_).ended
    other.cancel(id_)
    assert ended(other, id_).state == "cancelled"


def test_a_cancelled_run_asked_for_again_is_seen_again_by_those_who_followed_it(
    client: Client, other: Client
) -> None:
    id_ = client.submit(config("endless", seed=6))
    until(lambda: now(client, id_).history)
    assert not now(other, id_).ended
    client.cancel(id_)
    assert ended(other, id_).state == ended(client, id_).state == "cancelled"
    client.submit(config("endless", seed=6))
    until(lambda: not now(other, id_).ended and now(other, id_).history)
    client.cancel(id_)
    assert ended(other, id_).state == "cancelled"


def client_pid(client: Client, id_: str) -> int:
    """The process that works on a run, as its events say."""
    record = client._records.get(id_)
    assert record
    return record.pid


def test_a_run_nobody_has_asked_for_is_unknown_to_the_scheduler_too(client: Client) -> None:
    assert client.progress("0123456789abcdef") is None


def test_questions_are_answered_by_idle_workers_first_and_by_all_at_once(
    client: Client, tmp_path: Path
) -> None:
    id_ = client.submit(config("endless", seed=8))
    until(lambda: now(client, id_).history)
    first = answered(client.ask("trainers:echo"))
    assert first.answer["pid"] in client.worker_pids()
    assert first.answer["pid"] != client_pid(client, id_)
    blocking = client.ask("trainers:wait_for", path=str(tmp_path / "go"))
    until((tmp_path / "go.asked").exists)
    second = answered(client.ask("trainers:echo"))
    assert second.answer["pid"] == client_pid(client, id_)
    (tmp_path / "go").touch()
    assert answered(blocking).state == "done"
    client.cancel(id_)
    ended(client, id_)


def test_a_worker_sees_the_folder_of_a_run_that_only_the_web_process_has(
    client: Client, cluster: Cluster
) -> None:
    id_ = client.submit(config("fast", seed=11))
    ended(client, id_)
    for store in cluster.stores:
        shutil.rmtree(store.folder(id_), ignore_errors=True)
    seen = answered(client.ask("trainers:look", run_folder=id_)).answer
    assert seen["result.json"] == (client.store.folder(id_) / "result.json").read_bytes()


def test_a_scheduler_that_cannot_be_reached_is_told_with_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.jobs.connection.CONNECT_LIMIT_S", 0.5)
    client = Client(RunStore(tmp_path), TRAINER, scheduler="tls://127.0.0.1:1")
    last = ended(client, client.submit(config("fast")))
    assert last.state == "failed"
    assert "tls://127.0.0.1:1" in last.message
    assert "THAW_SCHEDULER" in last.next_step
    question = answered(client.ask("trainers:echo"))
    assert question.error
    assert "tls://127.0.0.1:1" in question.error.message
    assert client.progress("0123456789abcdef") is None
    client.close()


def test_a_scheduler_is_not_joined_without_the_key(cluster: Cluster, tmp_path: Path) -> None:
    without = dict.fromkeys(dask.config.get("distributed.comm.tls.client"))
    with dask.config.set({"distributed.comm.tls.client": without}):
        client = Client(RunStore(tmp_path), TRAINER, scheduler=cluster.address)
        last = ended(client, client.submit(config("fast", seed=9)))
        client.close()
    assert last.state == "failed"
    assert "cannot be reached" in last.message
