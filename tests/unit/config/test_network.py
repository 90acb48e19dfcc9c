"""Tests cannot reach beyond this machine."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_socket_beyond_loopback_is_blocked() -> None:
    with socket.socket() as probe, pytest.raises(SocketConnectBlockedError):
        probe.connect(("192.0.2.1", 80))


def test_socket_on_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
        assert client.getpeername() == server.getsockname()
