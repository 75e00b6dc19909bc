"""What the tests of services share: a server on loopback that answers as a test tells it to."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest


class Server:
    """Answers with what ``reply(method, path, query, body)`` returns, and remembers what it was asked.

    A reply is (status, content), or (status, content, headers); dictionaries and lists are sent as JSON. With ``cut``
    the last bytes of the next answer are kept back, and ``failures`` are statuses of the next answers.
    """

    def __init__(self):
        self.asked, self.failures, self.cut, self.reply = [], [], 0, None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                outer.answer(self, None)

            def do_POST(self):
                outer.answer(self, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                """Say nothing of connections that end early."""

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def answer(self, request, body):
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.asked.append((request.command, parts.path, query, body, dict(request.headers)))
        if self.failures:
            status, content, headers = self.failures.pop(0), b"busy", {}
        else:
            status, content, *rest = self.reply(request.command, parts.path, query, body)
            headers = rest[0] if rest else {}
        if not isinstance(content, bytes):
            content, headers = json.dumps(content).encode(), {"Content-Type": "application/json"} | headers
        request.send_response(status)
        for name, value in ({"Content-Length": len(content)} | headers).items():
            request.send_header(name, str(value))
        request.end_headers()
        cut, self.cut = self.cut, 0  # before the client has its answer, and the test goes on
        request.wfile.write(content[: len(content) - cut])
        if cut:
            request.close_connection = True


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv("EOLEARN_IO_SECRETS", raising=False)
    server = Server()
    yield server
    server.close()
