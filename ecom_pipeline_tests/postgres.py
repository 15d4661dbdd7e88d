"""A real PostgreSQL server for tests: started on loopback in a folder of its own, gone when the tests are done."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

USERS = ("postgres", "nobody")
"""PostgreSQL refuses to run as root; these exist on Debian."""


def server_programs() -> Path | None:
    """The folder of the newest server that is installed."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    return max(found, key=lambda path: float(path.parent.name), default=Path(on_path).parent if on_path else None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of an empty database of a running server."""
    programs = server_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed (Debian: apt-get install postgresql)")
    with TemporaryDirectory(prefix="postgres-") as folder:
        home = Path(folder)  # not among pytest's folders, which another user cannot enter
        before: list[str] = []
        if os.geteuid() == 0:
            user = next(user for user in USERS if any(entry.pw_name == user for entry in pwd.getpwall()))
            shutil.chown(home, user)
            before = ["runuser", "-u", user, "--"]

        def run(program: str, *arguments: str) -> None:
            command = [*before, str(programs / program), *arguments]
            done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

        data, port = str(home / "data"), free_port()
        run("initdb", "-D", data, "-U", "shop", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        run("pg_ctl", "-D", data, "-l", str(home / "log"), "-o", options, "-w", "start")
        try:
            yield f"postgresql://shop:secret@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
