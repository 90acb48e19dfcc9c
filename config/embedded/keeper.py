"""The keeper: one small process that owns the embedded servers for as long as somebody is connected to it.

A process that needs PostgreSQL or Valkey connects to `keeper.sock`, writes the names of what it needs, reads `ok` or a
fault, and keeps the connection open. When the last connection closes, by whatever end of its process, the keeper stops
the servers and ends. The servers end with the keeper, by the kernel's parent-death signal.
"""

import fcntl
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from config.embedded.servers import Postgres, Server, Valkey
from config.embedded.state import SetupFault, socket_folder

FIRST_CLIENT_TIMEOUT_S = 20.0
ENDING = b"ending"
_CHECK_EVERY_S = 0.5


class Keeper:
    """Serves `keeper.sock` until nobody needs the servers."""

    def __init__(self) -> None:
        self.servers: dict[str, Server] = {"postgres": Postgres(), "valkey": Valkey()}
        self.clients: set[socket.socket] = set()
        self.selector = selectors.DefaultSelector()
        self.is_stopping = False
        self.had_client = False

    def serve(self, listener: socket.socket) -> None:
        """Runs until the last client leaves, nobody ever comes, or a signal asks."""
        self.selector.register(listener, selectors.EVENT_READ)
        waited_s = 0.0
        while not self.is_stopping:
            events = self.selector.select(_CHECK_EVERY_S)
            for key, _mask in events:
                if key.fileobj is listener:
                    self._accept(listener)
                elif isinstance(key.fileobj, socket.socket):
                    self._hear(key.fileobj)
            self._restart_what_ended()
            waited_s += 0 if events else _CHECK_EVERY_S
            if not self.clients and (self.had_client or waited_s > FIRST_CLIENT_TIMEOUT_S):
                self.is_stopping = True

    def stop(self) -> None:
        """Stops the servers, then tells whoever is still connected that the keeper ends too."""
        for server in self.servers.values():
            server.stop()
        for client in self.clients:
            with suppress(OSError):
                client.sendall(ENDING)

    def _accept(self, listener: socket.socket) -> None:
        client, _address = listener.accept()
        client.setblocking(True)
        self.clients.add(client)
        self.had_client = True
        self.selector.register(client, selectors.EVENT_READ)

    def _hear(self, client: socket.socket) -> None:
        try:
            words = client.recv(4096).decode().split()
            if words and words != ["bye"]:
                client.sendall(self._answer(words).encode())
                return
        except OSError:
            words = []
        self.selector.unregister(client)
        if words == ["bye"] and self.clients == {client}:
            self.is_stopping = True  # it waits: its connection closes when the servers are gone
            return
        self.clients.discard(client)
        client.close()

    def _answer(self, names: list[str]) -> str:
        try:
            for name in names:
                self.servers[name].start()
        except (SetupFault, OSError) as fault:
            return f"fault {fault}\0"
        return "ok\0"

    def _restart_what_ended(self) -> None:
        for server in self.servers.values():
            if server.has_ended():
                print(f"{server.name} ended by itself; starting it again", file=sys.stderr, flush=True)
                try:
                    server.start()
                except SetupFault as fault:
                    print(fault, file=sys.stderr, flush=True)


def main() -> None:
    """Becomes the one keeper of this checkout, tells the starter on standard output, and serves."""
    folder = socket_folder()
    lock = os.open(folder / "keeper.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # the keeper before us may still be stopping its servers
    path = folder / "keeper.sock"
    path.unlink(missing_ok=True)
    keeper = Keeper()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: setattr(keeper, "is_stopping", True))
    with socket.socket(socket.AF_UNIX) as listener:
        _listen(listener, path)
        print("ready", flush=True)
        os.close(sys.stdout.fileno())
        try:
            keeper.serve(listener)
        finally:
            path.unlink(missing_ok=True)
            keeper.stop()
    os._exit(0)  # at once: the last client waits for our end


def _listen(listener: socket.socket, path: Path) -> None:
    old_mask = os.umask(0o177)
    listener.bind(str(path))
    os.umask(old_mask)
    listener.listen(128)


if __name__ == "__main__":
    main()
