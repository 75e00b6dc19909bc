"""Real COGs, a static catalogue and a STAC API on loopback, written by the tests themselves."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds
from sentinelhub import CRS, BBox

WEST, NORTH = 500_000, 5_100_000
SIZE = 96
STAC_ITEMS = Path(__file__).resolve().parents[4] / "shared/data/stac_items/tests/data"


@pytest.fixture
def bbox():
    """Return a place of 64 x 64 pixels of 10 m, the north-west corner of the files."""
    return BBox((WEST, NORTH - 640, WEST + 640, NORTH), CRS.UTM_33N)


@pytest.fixture(scope="session")
def write_cog():
    def write_cog(path, numbers, *, pixel_m=10, west=WEST, north=NORTH, crs="EPSG:32633", nodata=0, **options):
        """Write an array (height, width) or (band, height, width) as a COG."""
        numbers = np.atleast_3d(numbers.T).T
        count, height, width = numbers.shape
        profile = {"driver": "COG", "blocksize": 128, "compress": "DEFLATE"} | options
        transform = from_origin(west, north, pixel_m, pixel_m)
        with rasterio.open(
            path, "w", count=count, height=height, width=width, dtype=numbers.dtype, crs=crs, transform=transform,
            nodata=nodata, **profile,
        ) as file:  # fmt: skip
            file.write(numbers)
        return path

    return write_cog


def item_of(files, *, item_id="S2A_33TWM_20240601_0_L2A", time="2024-06-01T10:00:31.024Z", **settings):
    """Return the JSON of an item whose assets are files by band; the first file gives its place."""
    with rasterio.open(next(iter(files.values()))) as file:
        west, south, east, north = transform_bounds(file.crs, "EPSG:4326", *file.bounds)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    hrefs = settings.pop("hrefs", {})
    extra = settings.pop("assets", {})
    assets = {
        band: {
            "href": hrefs.get(band, Path(path).name),
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "roles": ["data"],
            **extra.get(band, {}),
        }
        for band, path in files.items()
    }
    properties = {"datetime": time, "eo:cloud_cover": 10.0, "s2:processing_baseline": "05.10"}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": item_id,
        "links": [],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": [west, south, east, north],
        "collection": settings.pop("collection", "sentinel-2-l2a"),
        "properties": properties | settings.pop("properties", {}),
        "assets": assets,
    }


@pytest.fixture(scope="session")
def make_item():
    return item_of


@dataclass
class Folder:
    """A folder with three dates of two bands, and what is in them."""

    path: Path
    numbers: dict = field(default_factory=dict)
    items: list = field(default_factory=list)

    def write_catalog(self, name="catalog.json", items=None):
        """Write a static catalogue of the items, and return its path."""
        items = self.items if items is None else items
        links = []
        for item in items:
            (self.path / f"{item['id']}.json").write_text(json.dumps(item))
            links.append({"rel": "item", "href": f"./{item['id']}.json", "type": "application/geo+json"})
        catalog = {"type": "Catalog", "id": "test", "description": "a test", "stac_version": "1.0.0", "links": links}
        (self.path / name).write_text(json.dumps(catalog))
        return self.path / name


@pytest.fixture
def folder(tmp_path, write_cog):
    """Return three dates of B02 and B03 at 10 m, B11 at 20 m and SCL at 20 m, as COGs with items."""
    rng = np.random.default_rng(0)
    made = Folder(tmp_path)
    for day in (1, 2, 3):
        files = {}
        for band, pixel_m, highest, dtype in (
            *(("B02", 10, 4000, "uint16"), ("B03", 10, 4000, "uint16")),
            *(("B11", 20, 4000, "uint16"), ("SCL", 20, 11, "uint8")),
        ):
            numbers = rng.integers(0, highest, (SIZE * 10 // pixel_m,) * 2).astype(dtype)
            made.numbers[band, day] = numbers
            files[band] = write_cog(tmp_path / f"{day}_{band}.tif", numbers, pixel_m=pixel_m)
        made.items.append(item_of(files, item_id=f"S2A_{day}", time=f"2024-06-0{day}T10:00:31.024Z"))
    return made


class Server:
    """Serves a folder with ranges, and a STAC API of some items, on loopback; remembers what it was asked."""

    def __init__(self, folder):
        self.folder, self.items = Path(folder), []
        self.asked, self.redirects, self.failures = [], {}, {}
        self.page_size, self.can_query, self.hook = 2, False, None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_HEAD(self):
                outer.answer(self, with_body=False)

            def do_GET(self):
                outer.answer(self)

            def do_POST(self):
                outer.answer(self, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                """Say nothing of connections that GDAL leaves."""

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        self.host = f"127.0.0.1:{self.http.server_port}"
        self.url = f"http://{self.host}"

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def answer(self, request, body=None, with_body=True):
        path, _, query = request.path.partition("?")
        self.asked.append((request.command, request.path, dict(request.headers), body))
        if path in self.redirects:
            return self.send(request, 302, b"", {"Location": self.redirects[path]})
        if self.failures.get(path, 0) > 0:
            self.failures[path] -= 1
            return self.send(request, 503, b"busy")
        if self.hook is not None and (found := self.hook(path, query, body)) is not None:
            return self.send(request, 200, json.dumps(found).encode())
        if path == "/stac":
            return self.send(request, 200, json.dumps(self.root()).encode())
        if path == "/stac/search":
            return self.send(request, 200, json.dumps(self.page(body)).encode())
        file = self.folder / path.lstrip("/")
        if not file.is_file():
            return self.send(request, 404, b"no such file")
        return self.send_file(request, file.read_bytes(), with_body)

    def send(self, request, status, content, headers=None):
        request.send_response(status)
        for name, value in ((headers or {}) | {"Content-Length": len(content)}).items():
            request.send_header(name, str(value))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(content)

    def send_file(self, request, content, with_body):
        total, status, headers = len(content), 200, {"Accept-Ranges": "bytes"}
        wanted = request.headers.get("Range")
        if wanted:
            start, _, end = wanted.removeprefix("bytes=").partition("-")
            first, last = int(start), min(int(end or total - 1), total - 1)
            content = content[first : last + 1]
            status, headers["Content-Range"] = 206, f"bytes {first}-{last}/{total}"
        request.send_response(status)
        for name, value in (headers | {"Content-Length": len(content), "Content-Type": "image/tiff"}).items():
            request.send_header(name, str(value))
        request.end_headers()
        if with_body:
            request.wfile.write(content)

    def root(self):
        kinds = ["core", "item-search"] + ["item-search#query"] * self.can_query
        return {
            "type": "Catalog",
            "id": "api",
            "description": "a test",
            "stac_version": "1.0.0",
            "conformsTo": [f"https://api.stacspec.org/v1.0.0/{kind}" for kind in kinds],
            "links": [
                {"rel": "self", "href": f"{self.url}/stac"},
                {"rel": "root", "href": f"{self.url}/stac"},
                {"rel": "search", "href": f"{self.url}/stac/search", "method": "POST", "type": "application/geo+json"},
            ],
        }

    def page(self, body):
        start = int(body.get("token", 0))
        limits = (body.get("query") or {}).get("eo:cloud_cover", {})
        items = [item for item in self.items if item["properties"]["eo:cloud_cover"] <= limits.get("lte", 100)]
        items = [item for item in items if item["collection"] in body.get("collections", [item["collection"]])]
        links = []
        if start + self.page_size < len(items):
            token = {"token": str(start + self.page_size)}
            links = [{"rel": "next", "href": f"{self.url}/stac/search", "method": "POST", "body": token, "merge": True}]
        return {"type": "FeatureCollection", "features": items[start : start + self.page_size], "links": links}


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.close()


@pytest.fixture(scope="session")
def real_item():
    """Return a function that reads a real item of a provider by the name of its file."""
    import pystac

    def read(name):
        path = STAC_ITEMS / name
        if not path.is_file():
            pytest.skip("needs the real items in ../shared/data/stac_items")
        document = json.loads(path.read_text())
        if document["type"] == "FeatureCollection":
            document = document["features"][0]
        return pystac.Item.from_dict({**document, "links": []}, migrate=False)

    return read
