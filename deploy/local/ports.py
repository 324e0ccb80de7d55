"""Find free ports on the loopback address."""

import socket
from pathlib import Path

_handed_out: set[int] = set()


def is_free(port: int) -> bool:
    """Return whether a server could bind it now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None) -> int:
    """Return the preferred port if it is free, else one that the system chooses; never the same twice in a process."""
    if preferred is not None and preferred not in _handed_out and is_free(preferred):
        _handed_out.add(preferred)
        return preferred
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _handed_out:
            _handed_out.add(port)
            return port


def kept_port(directory: Path, name: str) -> int:
    """Return the port that belongs to the data in a stack's directory: servers write their address into their data."""
    file = directory / "data" / f"{name}.port"
    if file.exists():
        return int(file.read_text())
    port = free_port()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(str(port))
    return port


def port_of_service(directory: Path, name: str, usual: int | None = None) -> tuple[int, int | None]:
    """Return the port for a service of a stack, and the one that it should have had, where another server has that.

    It should have the one that it had before in this directory, and at first the usual one.
    """
    file = directory / "data" / f"{name}.port"
    kept = int(file.read_text()) if file.exists() else None
    # The kept port was handed out to this very service, if by this process.
    port = kept if kept is not None and is_free(kept) else free_port(usual if kept is None else None)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(str(port))
    wanted = kept or usual
    return port, None if wanted == port else wanted
