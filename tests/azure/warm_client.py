"""A call of az -> the same call in a fork of a process that has az's modules loaded already.

The real client spends four fifths of a call on importing itself. `running` makes an `az`
that hands its arguments, environment, folder and open files to this server, which runs the client's
own __main__ with them. A caller that is killed takes its fork along.

usage: az's python -m tests.azure.warm_client SOCKET    (serves until standard input closes)
"""

import gc
import importlib
import marshal
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LAUNCHER = """#!{python} -IS
import marshal, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"az"], [0, 1, 2])
    server.sendall(marshal.dumps((sys.argv, os.getcwd(), dict(os.environ))))
    server.shutdown(socket.SHUT_WR)
    status = server.recv(1)
sys.exit(status[0] if status else 255)
"""


@contextmanager
def running(azure_cli: Path, folder: Path, variables: dict[str, str]) -> Iterator[Path]:
    """Serve for a while; yield the folder whose `az` is served."""
    python, address = azure_cli / "bin/python", str(folder / "az.socket")
    program = folder / "bin/az"
    program.parent.mkdir()
    program.write_text(_LAUNCHER.format(python=python, address=address))
    program.chmod(0o755)
    with subprocess.Popen(
        [python, "-m", "tests.azure.warm_client", address],
        cwd=Path(__file__).parents[2],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield program.parent
        process.stdin.close()  # that ends it


def _serve(address: str) -> None:
    """Fork for each call; between calls load what a call had to load."""
    news, told = os.pipe()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen(64)
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([server, news, sys.stdin], [], [])
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if sys.stdin in ready:
                return
            if server in ready:
                connection, _ = server.accept()
                if os.fork() == 0:
                    server.close()
                    _attend(connection, told)
                connection.close()
            elif news in ready:
                _load(os.read(news, 65536).decode().split("\n"))


def _load(names: list[str]) -> None:
    for name in names:
        if name and name not in sys.modules:
            with suppress(Exception):  # a name cut in two, a module that cannot be had
                importlib.import_module(name)
    gc.freeze()


def _attend(connection: socket.socket, told: int) -> None:
    """Run one call, tell its caller how it ended; kill it when the caller is gone."""
    _, files, _, _ = socket.recv_fds(connection, 2, 3)
    request = b"".join(iter(lambda: connection.recv(65536), b""))
    child = os.fork()
    if child == 0:
        connection.close()
        _call(marshal.loads(request), files, told)
    ended = os.pidfd_open(child)
    gone = select.poll()
    gone.register(connection, select.POLLHUP)
    gone.register(ended, select.POLLIN)
    if ended not in dict(gone.poll()):
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(OSError):
        connection.sendall(bytes([status & 255]))
    os._exit(0)


def _call(request: tuple[list[str], str, dict[str, str]], files: list[int], told: int) -> None:
    """Be az."""
    sys.argv, folder, environment = request
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    before, status = set(sys.modules), 1
    try:
        runpy.run_module("azure.cli", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        new = [name for name, module in sys.modules.items() if getattr(module, "__file__", "")]
        os.write(told, ("\n".join(set(new) - before) + "\n").encode()[:60000])
        os._exit(status)


if __name__ == "__main__":
    importlib.import_module("azure.cli.core")
    _serve(sys.argv[1])
