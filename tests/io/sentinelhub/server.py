"""A Sentinel Hub on loopback: tokens, the search of the Catalog, the Process API and batch processing, with bad days.

It is loaded by its path, from the conftest beside it and from the benchmark.
"""

from __future__ import annotations

import base64
import io
import json
import re
import tarfile
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import numpy as np
import tifffile
from sentinelhub import CRS, BBox

CLIENT_ID, CLIENT_SECRET = "the-client-of-the-tests", "c0rrect-h0rse-battery-staple-9"
_OUTPUT = re.compile(r'\{\s*id:\s*"(\w+)",\s*bands:\s*(\d+)(?:,\s*sampleType:\s*"(\w+)")?\s*\}')
_DTYPES = {"UINT8": np.uint8, "UINT16": np.uint16, "FLOAT32": np.float32}


class Wanted:
    """What a request of the Process API asks for."""

    def __init__(self, body):
        bounds, self.output = body["input"]["bounds"], body["output"]
        self.data = body["input"]["data"][0]
        crs = bounds["properties"]["crs"].rsplit("/", 1)[-1]
        self.bbox = BBox(bounds["bbox"], CRS.WGS84 if crs == "CRS84" else CRS(crs))
        self.geometry = bounds.get("geometry")
        self.width, self.height = self.output["width"], self.output["height"]
        times = self.data.get("dataFilter", {}).get("timeRange")
        self.interval = times and tuple(naive(times[end]) for end in ("from", "to"))
        declared = {name: (int(bands), dtype) for name, bands, dtype in _OUTPUT.findall(body["evalscript"])}
        self.outputs = {
            answer["identifier"]: (answer["format"]["type"], *declared.get(answer["identifier"], (1, "UINT8")))
            for answer in self.output["responses"]
        }
        self.units = "DN" if re.search(r'units:\s*\["DN"', body["evalscript"]) else "REFLECTANCE"

    @property
    def centres(self):
        """Return x and y of the middles of the pixels."""
        west, south, east, north = self.bbox
        x = west + (np.arange(self.width) + 0.5) * (east - west) / self.width
        y = north - (np.arange(self.height) + 0.5) * (north - south) / self.height
        return np.meshgrid(x, y)


def naive(text):
    return datetime.fromisoformat(text).replace(tzinfo=None)


def pattern(wanted, name, bands):
    """Return an image (height, width, bands) that tells place, band and day."""
    x, y = wanted.centres
    day = wanted.interval[1].day if wanted.interval else 0
    plane = (x / 10 + 3 * (y / 10)) % 97 + day
    return np.stack([plane + sum(map(ord, name)) % 50 + band for band in range(bands)], axis=-1)


class SentinelHub:
    """Serves on loopback, remembers what it was asked, and misbehaves as it is told to.

    times: the acquisitions, with their cloud cover in per cent.
    source: makes the values of an output of a request.
    next_answers: what is answered in place of the next requests of a path: functions of the handler.
    """

    def __init__(self, source=pattern, page_size=3, delay_s=0.0):
        self.source, self.page_size, self.delay_s = source, page_size, delay_s
        self.times = {}
        self.asked, self.tokens, self.next_answers = [], [], {}
        self.token_life_s, self.compression = 3600, None
        self.revoked = set()
        self.batches, self.at_once, self.most_at_once = {}, 0, 0
        self._lock = threading.Lock()
        self.http = _Http(("127.0.0.1", 0), _handler_of(self))
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def bodies(self, path="process"):
        return [body for asked, body in self.asked if asked == path]

    def spoil(self, *answers, path="process"):
        """Answer the next requests of a path by functions of the handler."""
        self.next_answers.setdefault(path, []).extend(answers)

    def answer(self, handler, raw):
        path = handler.path.partition("?")[0].rstrip("/")
        path = re.sub(r"^.*?/(?=token$|catalog/1\.0\.0/search$|process$|v2/batch)", "", path)
        kind = {"catalog/1.0.0/search": "search"}.get(path, path)
        body = parse_qs(raw.decode()) if kind == "token" else json.loads(raw or b"null")
        with self._lock:
            self.asked.append((kind, body))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            spoilt = self.next_answers[kind].pop(0) if self.next_answers.get(kind) else None
        try:
            time.sleep(self.delay_s)
            if spoilt is not None:
                return spoilt(handler)
            if kind == "token":
                return self.answer_token(handler, body)
            if not self.is_known(handler.headers.get("Authorization", "")):
                return handler.reply({"code": 401, "description": "You are not authorized!"}, 401)
            if kind == "search":
                return handler.reply(self.page(body))
            if kind == "process":
                return self.answer_process(handler, body)
            return self.answer_batch(handler, kind, body)
        finally:
            with self._lock:
                self.at_once -= 1

    def is_known(self, header):
        token = header.removeprefix("Bearer ")
        return token in self.tokens and token not in self.revoked

    def answer_token(self, handler, form):
        if form.get("client_id") != [CLIENT_ID] or form.get("client_secret") != [CLIENT_SECRET]:
            given = form.get("client_secret", [""])[0]  # a service that talks too much
            error = {"error": "invalid_client", "error_description": f"Invalid client or client credentials {given}"}
            return handler.reply(error, 401)
        claims = json.dumps({"azp": CLIENT_ID, "number": len(self.tokens)}).encode()
        token = f"head{len(self.tokens)}.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.s1gnature"
        self.tokens.append(token)
        life = self.token_life_s
        return handler.reply({"access_token": token, "token_type": "Bearer", "expires_in": life})

    def page(self, body):
        start = int(body.get("next", 0))
        first, last = map(naive, body["datetime"].split("/"))
        clouds = re.search(r"eo:cloud_cover < (\d+)", body.get("filter") or "")
        most = int(clouds[1]) if clouds else 101
        found = [time for time, cover in sorted(self.times.items()) if first <= time <= last and cover < most]
        some = found[start : start + self.page_size]
        context = {"returned": len(some), "limit": self.page_size}
        if start + self.page_size < len(found):
            context["next"] = start + self.page_size
        features = [{"type": "Feature", "properties": {"datetime": f"{time.isoformat()}Z"}} for time in some]
        return {"type": "FeatureCollection", "features": features, "links": [], "context": context}

    def answer_process(self, handler, body):
        wanted = Wanted(body)
        if max(wanted.width, wanted.height) > 2500:
            return handler.reply({"error": {"status": 400, "message": "The image is larger than 2500 pixels."}}, 400)
        files = {}
        for name, (kind, bands, dtype) in wanted.outputs.items():
            if kind == "application/json":
                files[f"{name}.json"] = json.dumps({"norm_factor": 1e-4, "width": wanted.width}).encode()
            else:
                files[f"{name}.tif"] = self.tiff(self.source(wanted, name, bands), _DTYPES[dtype or "UINT8"])
        if len(files) == 1:
            ((name, content),) = files.items()
            return handler.send(content, "application/json" if name.endswith("json") else "image/tiff")
        return handler.send(tar_of(files), "application/tar")

    def tiff(self, image, dtype):
        content = io.BytesIO()
        image = np.asarray(image).astype(dtype)
        image = image[..., 0] if image.shape[-1] == 1 else image
        settings = {"planarconfig": "contig", "photometric": "minisblack"} if image.ndim == 3 else {}
        tifffile.imwrite(content, image, compression=self.compression, **settings)
        return content.getvalue()

    def answer_batch(self, handler, path, body):
        if path == "v2/batch/process":
            number = str(len(self.batches))
            info = {"id": number, "domainAccountId": "0", "status": "CREATED", "request": body}
            self.batches[number] = {"info": info, "course": ["PROCESSING", "PROCESSING", "DONE"]}
            return handler.reply(info, 201)
        number, _, action = path.removeprefix("v2/batch/process/").partition("/")
        batch = self.batches[number]
        if action:
            batch["info"]["userAction"] = action.upper()
            return handler.reply(b"", 204)
        if batch["info"].get("userAction") == "START":
            batch["info"]["status"] = batch["course"].pop(0)
        return handler.reply(batch["info"])


def tar_of(files):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return content.getvalue()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Say nothing of connections that a client leaves."""


def _handler_of(hub):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def log_message(self, *args):
            pass

        def do_GET(self):
            hub.answer(self, b"")

        def do_POST(self):
            hub.answer(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def reply(self, document, status=200, **headers):
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send(content, "application/json", status, headers)

        def send(self, content, kind, status=200, headers=None, length=None):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            for name, value in (headers or {}).items():
                self.send_header(name.replace("_", "-"), str(value))
            if status != 204:
                self.send_header("Content-Length", str(len(content) if length is None else length))
            self.end_headers()
            if status != 204:
                self.wfile.write(content)

    return Handler
