# SPDX-License-Identifier: MIT
"""
Thousands of connections at once, over the server's limit of 2048.

usage: crowd.py PORT

Each crowd says how many were answered with 200 and how many were closed without an answer; a connection
that is still open after PATIENCE seconds fails the run.
"""
import resource
import selectors
import socket
import sys
import time

PATIENCE = 120
CROWD = 3000


class Client:
    def __init__(self, port, request, piece, reads=True):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", port))
        self.left = request
        self.piece = piece
        self.reads = reads
        self.back = b""
        self.ended = False

    def step(self, events):
        """Sends at most one piece, reads what is there."""
        try:
            if events & selectors.EVENT_WRITE and self.left:
                sent = self.socket.send(self.left[: self.piece])
                self.left = self.left[sent:]
            if events & selectors.EVENT_READ and self.reads:
                more = self.socket.recv(65536)
                self.back += more
                self.ended = not more
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True


def crowd(what, port, count, request, piece, reads=True, until=lambda clients: False):
    clients = [Client(port, request, piece, reads) for _ in range(count)]
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, client)
    end = time.monotonic() + PATIENCE
    open_ones = count
    while open_ones and not until(clients):
        assert time.monotonic() < end, f"{what}: {open_ones} are neither answered nor closed"
        busy = False
        for key, events in selector.select(0.1):
            client = key.data
            had_left = bool(client.left)
            client.step(events)
            if client.ended:
                selector.unregister(client.socket)
                client.socket.close()
                open_ones -= 1
            elif had_left and not client.left:
                selector.modify(client.socket, selectors.EVENT_READ, client)
            busy = busy or events & selectors.EVENT_READ
        if not busy and piece < len(request):
            time.sleep(0.05)  # these are slow: no reason to spin
    answered = sum(client.back.startswith(b"HTTP/1.1 200") for client in clients)
    for client in clients:
        client.socket.close()
    print(f"{what}: {answered} of {count} answered, {open_ones} left open by us")
    return answered


def request(path, rest=""):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{rest}\r\n".encode()


def main():
    port = int(sys.argv[1])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CROWD + 100:
        print(f"skipped: ulimit -Hn is {hard}")
        return 77
    resource.setrlimit(resource.RLIMIT_NOFILE, (CROWD + 100, hard))

    # More than fit are answered all the same: they wait until others are done.
    whole = request("/healthz")
    assert crowd("at once", port, CROWD, whole, len(whole)) == CROWD
    whole = request("/metrics")
    assert crowd("metrics", port, 500, whole, len(whole)) == 500
    # A byte now and then, and never the end: every one is cut off.
    endless = request("/metrics", "X: " + "x" * 4000)[:-4]
    assert crowd("a byte at a time", port, 1000, endless, 1) == 0
    # Who has asked for much and does not read it; others come through meanwhile.
    greedy = [Client(port, request("/debug/pprof/goroutine?debug=2") * 20, 1 << 20) for _ in range(500)]
    time.sleep(0)
    for client in greedy:
        client.step(selectors.EVENT_WRITE)
    whole = request("/healthz")
    assert crowd("among the greedy", port, 100, whole, len(whole)) == 100
    for client in greedy:
        client.socket.close()
    # Who asks for a long wait: 32 get it, the others are told at once.
    waiting = request("/debug/pprof/wait?seconds=3600")
    told = crowd("waiting", port, 300, waiting, len(waiting),
                 until=lambda clients: sum(bool(client.back) for client in clients) >= 300 - 32)
    assert told == 0
    assert crowd("after all", port, CROWD, whole, len(whole)) == CROWD
    return 0


sys.exit(main())
