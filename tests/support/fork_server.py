"""Starts of the server by fork, from a process that has imported and built what all servers have in common.

`python fork_server.py serve DESCRIPTOR` is that process. It listens on the descriptor and ends with its standard input.
`python fork_server.py SOCKET ARGUMENTS` is a start, as a process of its own. It hands over its arguments, folder,
environment, and standard input and outputs, passes signals on, and ends with the status of the server. A server ends
with its start. With the arguments `-c PROGRAM` a program runs in place of the server.
"""

import atexit
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from select import select

STANDARD_STREAMS = (0, 1, 2)
SIZE_BYTES = 4
# What the server imports, also when it begins to serve.
MODULES = (
    "anyio._backends._asyncio",
    "fastmcp.server.context",
    "key_value.aio.stores.memory",
    "qarnot_mcp.auth.provider",
    "qarnot_mcp.process.http_protocol",
    "qarnot_mcp.process.log_setup",
    "qarnot_mcp.process.serve",
    "qarnot_mcp.sandbox.app",
    "uvicorn.lifespan.on",
    "uvloop",
)


def serve(listener: socket.socket) -> None:
    """Import everything and fork for each start; return in what becomes the server."""
    from importlib import import_module

    from qarnot_mcp.cli import prepare_libraries

    prepare_libraries()
    for name in MODULES:
        import_module(name)
    from qarnot_mcp.settings.model import Settings
    from qarnot_mcp.web.app import create_app

    # What is made once for all servers of a process, such as the schemas of the tools, is made here.
    create_app(Settings(_env_file=None))
    while listener in select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            return become(connection)
        connection.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
    raise SystemExit


def become(connection: socket.socket) -> None:
    """Fork once more: return in what becomes the server, and wait in its parent for the end of it or of its start."""
    size, descriptors, _, _ = socket.recv_fds(connection, SIZE_BYTES, len(STANDARD_STREAMS))
    request = connection.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
    end, open_until_end = os.pipe()
    if (pid := os.fork()) == 0:
        connection.close()
        os.close(end)
        for descriptor, stream in zip(descriptors, STANDARD_STREAMS, strict=True):
            os.dup2(descriptor, stream)
            os.close(descriptor)
        sys.argv[1:], folder, environment = json.loads(request)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        return
    for descriptor in (open_until_end, *descriptors):
        os.close(descriptor)
    connection.sendall(b"%d\n" % pid)
    # A start says nothing more: what comes is its end.
    if connection.fileno() in select([connection.fileno(), end], [], [])[0]:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(OSError):
        connection.sendall(b"%d\n" % status)
    os._exit(0)


def start(path: str, arguments: list[str]) -> int:
    """Have a server started in place of this process, and return its status."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        # Without `pathlib`, as its import takes a third of this process.
        request = json.dumps([arguments, os.getcwd(), dict(os.environ)]).encode()  # noqa: PTH109
        socket.send_fds(connection, [len(request).to_bytes(SIZE_BYTES, "big")], STANDARD_STREAMS)
        connection.sendall(request)
        answers = connection.makefile()
        pid = int(answers.readline())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: os.kill(pid, number))
        return int(answers.readline())


def run(arguments: list[str]) -> int:
    """Run the server, or the program of `-c`, and return its status."""
    from qarnot_mcp.cli import main

    try:
        if arguments[:1] == ["-c"]:
            exec(arguments[1], {"__name__": "__main__"})
        else:
            main(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


if __name__ == "__main__":
    if sys.argv[1] != "serve":
        sys.exit(start(sys.argv[1], sys.argv[2:]))
    serve(socket.socket(fileno=int(sys.argv[2])))
    status = run(sys.argv[1:])
    # As Python ends, but without the half second in which it would free all that is imported.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
