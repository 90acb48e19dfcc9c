"""Before Writ serves: a busy port and a second start each get one clear message."""

import os
import socket
import subprocess
import sys

import pytest

from config.embedded.state import ROOT, SetupFault
from config.preparation import only_one_at_a_time, refuse_busy_port


def test_port_busy_names_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SetupFault, match=rf"Port {port} is in use\. .*PORT={port + 1}"):
            refuse_busy_port(port)


def test_port_free_is_accepted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert refuse_busy_port(port) is None


def test_second_start_is_told_where_the_first_answers(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("WRIT_STATE", str(tmp_path))
    with only_one_at_a_time("http://127.0.0.1:8000"):  # noqa: SIM117
        with pytest.raises(SetupFault, match=rf"http://127\.0\.0\.1:8000 \(process {os.getpid()}\)"):
            with only_one_at_a_time("http://127.0.0.1:8001"):
                pass
    with only_one_at_a_time("http://127.0.0.1:8001"):
        assert (tmp_path / "running.json").read_text().count("8001") == 1


@pytest.mark.parametrize("port", ["0", "65536"])
def test_up_on_a_port_out_of_range_exits_with_2(services: None, port: str) -> None:
    argv = [sys.executable, str(ROOT / "manage.py"), "up", "--port", port]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "from 1 to 65535" in done.stderr
