"""Real servers on this machine: each a process of its own, with its own home and free ports.

For demonstrations and for tests of whole communities. Whoever starts servers gets them ended: by
leaving ``keep_servers``, and by the kernel should this process die before that.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

import msgspec

from chain.codec import encode
from chain.crypto import build_key_pair
from chain.genesis import Genesis
from node.home import Home, create_home, write_file

STOP_SECONDS: Final = 10.0  # a server told to stop has this long; then it is killed
POLL_SECONDS: Final = 0.02
HOST: Final = "127.0.0.1"
LOG_NAME: Final = "log"
LOG_TAIL_BYTES: Final = 4_096  # of a server that ended by itself: enough for its last words
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# What stands before an Ed25519 key in a libp2p peer's name: an identity multihash of a protobuf.
_NAME_PREFIX: Final = bytes((0x00, 0x24, 0x08, 0x01, 0x12, 0x20))


class Place(NamedTuple):
    """Where a server lives and can be reached."""

    home: Home
    peer_port: int
    api_port: int
    peer_name: str

    @property
    def url(self) -> str:
        """Where its API answers."""
        return f"http://{HOST}:{self.api_port}"

    @property
    def address(self) -> str:
        """Where other servers reach it."""
        return f"/ip4/{HOST}/tcp/{self.peer_port}/p2p/{self.peer_name}"


def find_places(folders: Sequence[Path], beside: Sequence[Place] = ()) -> list[Place]:
    """Places for servers in these folders: a key for the network each, and ports that are free.

    Those ``beside`` have their ports already, though nobody may listen there yet.
    """
    taken = {port for place in beside for port in (place.peer_port, place.api_port)}
    with ExitStack() as stack:
        # All are held open together, so that no port is found twice.
        count = 2 * len(folders) + len(taken)
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for item in sockets:
            item.bind((HOST, 0))
        found = [item.getsockname()[1] for item in sockets]
    ports = [port for port in found if port not in taken]
    return [
        Place(Home(folder), ports[2 * index], ports[2 * index + 1], _make_peer(Home(folder)))
        for index, folder in enumerate(folders)
    ]


def _make_peer(home: Home) -> str:
    """The name of a server in the network; its key is made if there is none."""
    home.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not home.network_key.exists():
        write_file(home.network_key, os.urandom(32))
    return build_peer_name(build_key_pair(home.network_key.read_bytes()).public)


def build_peer_name(public_key: bytes) -> str:
    """The libp2p name of an Ed25519 key: base58 of its identity multihash."""
    data = _NAME_PREFIX + public_key
    number, digits = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, len(_BASE58))
        digits = _BASE58[digit] + digits
    return _BASE58[0] * (len(data) - len(data.lstrip(b"\0"))) + digits


def furnish(
    place: Place, genesis: Genesis, peers: Sequence[Place], *, matches: bool = False
) -> None:
    """Make the home: genesis and a configuration that knows its own ports and the other servers.

    ``matches``: whether the server looks for chains of trades.
    """
    write = msgspec.json.encode
    lines = [
        "[network]",
        f"listen = {write([f'/ip4/{HOST}/tcp/{place.peer_port}']).decode()}",
        f"peers = {write([peer.address for peer in peers]).decode()}",
        "[api]",
        f"listen = {write(f'{HOST}:{place.api_port}').decode()}",
        "[log]",
        'style = "json"',
        "[market]",
        f"match = {write(matches).decode()}",
    ]
    create_home(place.home.folder, encode(genesis), "\n".join(lines) + "\n")


class Server:
    """One server's process; it may be stopped, killed and started again."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.rss_bytes_max = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The running process."""
        return self._process.pid if self._process is not None and self.is_running else None

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process. What it says goes to a file in its home."""
        assert not self.is_running, "one process a home"
        self._close_log()
        self._log = (self.place.home.folder / LOG_NAME).open("ab")
        python = sys.executable
        home = self.place.home.folder.resolve()  # the process works in another folder than ours
        command = ["-m", "node.cli", "node", "run", "--home", str(home)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [python, "-m", "node.ops.leash", str(os.getpid()), python, *command],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            cwd=Path(__file__).parents[2],
            start_new_session=True,  # Ctrl-C reaches whoever started us, and he decides
        )

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal, if it lives."""
        if self._process is not None and self.is_running:
            self._process.send_signal(number)

    def wait(self, seconds: float) -> int | None:
        """Wait for the end; its exit code, or None when it still runs."""
        assert self._process is not None, "it was started"
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End the process at once, as a power cut would."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        self._close_log()

    def read_rss(self) -> int:
        """Bytes of memory that the process occupies now; the most ever seen is kept."""
        if self.pid is not None:
            try:
                pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
            except (OSError, IndexError):
                return 0
            self.rss_bytes_max = max(self.rss_bytes_max, pages * _PAGE_BYTES)
            return pages * _PAGE_BYTES
        return 0

    def read_log_tail(self) -> str:
        """The last lines that the server wrote."""
        try:
            with (self.place.home.folder / LOG_NAME).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - LOG_TAIL_BYTES))
                return file.read().decode(errors="replace")
        except OSError:
            return ""

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None


def stop_servers(servers: Sequence[Server], seconds: float = STOP_SECONDS) -> list[Server]:
    """Ask all to stop at once, and wait; returns those that had to be killed."""
    for server in servers:
        server.signal(signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while any(server.is_running for server in servers) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    stubborn = [server for server in servers if server.is_running]
    for server in servers:
        server.kill()
    return stubborn


@contextmanager
def keep_servers(places: Sequence[Place]) -> Iterator[list[Server]]:
    """Servers for these places, not yet started; none lives after the context ends."""
    servers = [Server(place) for place in places]
    try:
        try:
            yield servers
        finally:
            stop_servers(servers)
    finally:
        for server in servers:  # whoever lost patience with the above must not leave one behind
            server.kill()
