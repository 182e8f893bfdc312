"""One end of a measurement; runs on a host, in the network of a container or in the host's own.

Usage: traffic.py serve | traffic.py ask ADDRESS
"""

import json
import socket
import statistics
import sys
import time

PORT = 5201
CHUNK = bytes(1 << 20)
CHUNKS = 1024  # 1 GiB
ROUND_TRIPS = 2000
PATIENCE_SECONDS = 30


def serve() -> None:
    """Take a stream and say when all of it is here, then echo."""
    with socket.create_server(("", PORT)) as server:
        server.settimeout(PATIENCE_SECONDS)
        stream, _ = server.accept()
        with stream:
            while stream.recv(len(CHUNK)):
                pass
            stream.sendall(b"!")
        echo, _ = server.accept()
        with echo:
            echo.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while byte := echo.recv(1):
                echo.sendall(byte)


def ask(address: str) -> None:
    """Print how long a stream took, and the median of many round trips, in seconds."""
    with _connect(address) as stream:
        began = time.monotonic()
        for _ in range(CHUNKS):
            stream.sendall(CHUNK)
        stream.shutdown(socket.SHUT_WR)
        stream.recv(1)
        streamed = time.monotonic() - began
    times = []
    with _connect(address) as echo:
        echo.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(ROUND_TRIPS):
            began = time.monotonic()
            echo.sendall(b".")
            echo.recv(1)
            times.append(time.monotonic() - began)
    print(json.dumps({"stream": streamed, "round_trip": statistics.median(times)}))


def _connect(address: str) -> socket.socket:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return socket.create_connection((address, PORT), timeout=120)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        ask(sys.argv[2])
