"""A real Slurm on this machine: munge, a controller and two nodes with fake GPUs, all in a folder of their own."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.gpu_runtime.hosts import until

GPUS = 2
NODES = ("n0", "n1")
CONFIG = """
ClusterName=writ
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SlurmdTimeout=30
ReturnToService=2
GresTypes=gpu
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=5,defer
SlurmctldPidFile={folder}/ctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/ctld.log
SlurmdLogFile={folder}/slurmd-%n.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
NodeName=n0 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=8 RealMemory=1000 Gres=gpu:h200:{gpus}
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=8 RealMemory=1000 Gres=gpu:h200:{gpus}
PartitionName=writ Nodes=n[0-1] Default=YES MaxTime=INFINITE State=UP AllowGroups=root
"""


class SlurmSite:
    """The site's programs by name, and questions to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": _path()}

    def start(self) -> None:
        """Write the configuration and start everything; returns when both nodes are idle."""
        for name in ("state", *(f"spool-{node}" for node in NODES)):
            (self.folder / name).mkdir()
        for index in range(GPUS):
            os.mknod(self.folder / f"gpu{index}", 0o20666, os.makedev(1, 3))
        gres = f"NodeName=n[0-1] Name=gpu Type=h200 File={self.folder}/gpu[0-{GPUS - 1}]\n"
        (self.folder / "gres.conf").write_text(gres)
        config = CONFIG.format(host=socket.gethostname(), folder=self.folder, ports=_free_ports(3), gpus=GPUS)
        (self.folder / "slurm.conf").write_text(config)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self._run("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.socket",
                  f"--pid-file={self.folder}/munge.pid", f"--log-file={self.folder}/munge.log",
                  f"--seed-file={self.folder}/munge.seed")  # fmt: skip
        until(lambda: (self.folder / "munge.socket").exists())
        self._run("slurmctld", "-D", "-c", "-f", str(self.folder / "slurm.conf"))
        for node in NODES:
            self._run("slurmd", "-D", "-N", node, "-f", str(self.folder / "slurm.conf"), name=node)
        until(lambda: self.states() == {"n0": "idle", "n1": "idle"}, 60)

    def _run(self, program: str, *words: str, name: str = "") -> None:
        with (self.folder / f"{name or program}.out").open("wb") as log:
            self.programs[name or program] = subprocess.Popen(
                [program, *words], env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def ask(self, *words: str) -> str:
        """What one of Slurm's commands says."""
        return subprocess.run(words, env=self.environment, capture_output=True, text=True, check=False).stdout.strip()

    def states(self) -> dict[str, str]:
        """Each node's state."""
        lines = self.ask("sinfo", "--noheader", "--Node", "--format", "%N %t").splitlines()
        return dict(line.split() for line in lines if len(line.split()) == 2)

    def jobs(self) -> list[list[str]]:
        """Node, account, state and whether it is exclusive, of each job."""
        lines = self.ask("squeue", "--noheader", "--format", "%N|%a|%T|%h").splitlines()
        return [line.split("|") for line in lines]

    def stop(self) -> None:
        """End everything, the nodes first."""
        for name in (*NODES, "slurmctld", "munged"):
            process = self.programs.get(name)
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@contextmanager
def slurm_site(folder: Path) -> Iterator[SlurmSite]:
    """A site for one test session; munge wants a folder that nobody else can write to."""
    site = SlurmSite(folder)
    try:
        site.start()
        yield site
    finally:
        for job in site.ask("squeue", "--noheader", "--format", "%i").split():
            site.ask("scancel", job)
        site.stop()


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"
