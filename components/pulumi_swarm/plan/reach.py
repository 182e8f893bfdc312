"""Reach the first manager that answers: the program behind ssh's ProxyCommand.

Usage: PORT MANAGER... [-- COMMAND...]; the connection is then standard input
and output. With a COMMAND, which is an ssh to a bastion, the bastion connects.
It is handed to ``python3 -c`` as text, so it stands alone. A manager answers
when its sshd speaks (it speaks first), not when its address accepts: the
network may accept for a machine that hangs.
"""

import os
import socket
import sys
import threading

CONNECT_SECONDS = 3
BANNER_SECONDS = 5
BASTION_SECONDS = 6  # two dead managers, and still well below the 30 s that ssh waits
CHUNK = 65536


def connect(manager: str, port: int, command: list[str]) -> socket.socket:
    if not command:
        connection = socket.create_connection((manager, port), CONNECT_SECONDS)
        connection.settimeout(BANNER_SECONDS)
        return connection
    import subprocess  # noqa: PLC0415  # a third of the start, for each connection

    connection, theirs = socket.socketpair()
    end = theirs.fileno()
    subprocess.Popen([*command, "-W", f"{manager}:{port}"], stdin=end, stdout=end)
    theirs.close()
    connection.settimeout(BASTION_SECONDS)
    return connection


def first_answering(
    port: int, managers: list[str], command: list[str]
) -> tuple[socket.socket, bytes]:
    for manager in managers:
        try:
            connection = connect(manager, port, command)
            banner = connection.recv(CHUNK)
        except OSError:
            continue
        if banner:
            connection.settimeout(None)
            return connection, banner
    names = ", ".join(managers)
    raise SystemExit(f"no manager answers on port {port}: {names}")


def send(connection: socket.socket) -> None:
    while data := os.read(0, CHUNK):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def main(arguments: list[str]) -> None:
    split = arguments.index("--") if "--" in arguments else len(arguments)
    managers, command = arguments[1:split], arguments[split + 1 :]
    connection, received = first_answering(int(arguments[0]), managers, command)
    threading.Thread(target=send, args=(connection,), daemon=True).start()
    while received:
        os.write(1, received)
        received = connection.recv(CHUNK)


if __name__ == "__main__":
    main(sys.argv[1:])
