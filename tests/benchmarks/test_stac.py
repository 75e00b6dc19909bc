"""How fast many small COGs become a patch, beside odc-stac alone with as many threads."""

from __future__ import annotations

import functools
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_bounds, from_origin
from rasterio.warp import transform_bounds
from sentinelhub import CRS, BBox

from eolearn.core import FeatureType
from eolearn.core.utils.threads import available_cpus
from eolearn.io.stac import STACInputTask

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.filterwarnings("ignore:The 'shapely.ops.transform", "ignore:Dataset has no geotransform"),  # odc-stac's
]
DATES, BANDS = 40, ("B02", "B03", "B04", "B08")
PLACE = BBox((500_000, 5_097_440, 502_560, 5_100_000), CRS.UTM_33N)


class Ranges(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        content = Path(self.translate_path(self.path)).read_bytes()
        first, last = 0, len(content) - 1
        if self.headers.get("Range"):
            start, _, end = self.headers["Range"].removeprefix("bytes=").partition("-")
            first, last = int(start), min(int(end or last), last)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        self.wfile.write(content[first : last + 1])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return a folder of 160 COGs of 512 x 512 pixels, larger than the place."""
    folder = tmp_path_factory.mktemp("cogs")
    rng = np.random.default_rng(0)
    numbers = (1500 + 500 * rng.random((512, 512))).astype(np.uint16)
    transform = from_origin(500_000, 5_100_000, 10, 10)
    for date in range(DATES):
        for band in BANDS:
            with rasterio.open(
                folder / f"{date}_{band}.tif", "w", driver="COG", height=512, width=512, count=1, dtype="uint16",
                crs="EPSG:32633", transform=transform, nodata=0, compress="DEFLATE", blocksize=256,
            ) as file:  # fmt: skip
                file.write(numbers + np.uint16(date), 1)
    return folder


@pytest.fixture(scope="module")
def server(files):
    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            """Say nothing of connections that GDAL leaves."""

    http = Quiet(("127.0.0.1", 0), functools.partial(Ranges, directory=str(files)))
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()
    thread.join()


def items_at(root):
    import pystac

    west, south, east, north = transform_bounds("EPSG:32633", "EPSG:4326", 500_000, 5_094_880, 505_120, 5_100_000)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    for date in range(DATES):
        time = datetime(2024, 1, 1, 10, tzinfo=UTC) + timedelta(days=date)
        properties = {"s2:processing_baseline": "05.10"}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        item = pystac.Item(f"S2A_{date}", geometry, [west, south, east, north], time, properties, collection="s2")
        item.properties["constellation"] = "sentinel-2"
        for band in BANDS:
            item.add_asset(
                band, pystac.Asset(f"{root}/{date}_{band}.tif", media_type=pystac.MediaType.COG, roles=["data"])
            )
        yield item


@pytest.mark.parametrize("resolution", [10, 13])
@pytest.mark.parametrize("where", ["local", "loopback", "known host"])
def test_many_small_cogs(files, server, where, resolution, best_time):
    import odc.stac
    from odc.geo.geobox import GeoBox

    root, threads = (str(files), available_cpus()) if where == "local" else (server, 8)
    items = list(items_at(root))
    size = round(2560 / resolution)
    geobox = GeoBox((size, size), from_bounds(*PLACE, size, size), "EPSG:32633")
    hosts = [server.removeprefix("http://")]

    def alone():
        settings = {"geobox": geobox, "groupby": "solar_day", "dtype": "float32", "resampling": "bilinear"}
        return odc.stac.load(items, bands=list(BANDS), pool=threads, **settings)

    def ours():
        task = STACInputTask(
            items, "s2", (FeatureType.DATA, "BANDS"), BANDS, size=(size, size), resampling="bilinear",
            allowed_folders=[files], allowed_hosts=hosts,
        )  # fmt: skip
        if where == "known host":  # as those of Earth Search and Planetary Computer, it isn't asked for redirections
            task.policy = replace(task.policy, trusted_hosts=("127.0.0.1",))
        return task.execute(bbox=PLACE, time_interval=("2024-01-01", "2024-12-31"))

    expected = alone()
    bands = ours().data["BANDS"]
    for position, band in enumerate(BANDS):
        np.testing.assert_allclose(bands[..., position], expected[band].values / 10_000 - 0.1, atol=1e-6)
    # in turns, since other work on the machine slows one as it slows the other
    times = [(best_time(ours, 1), best_time(alone, 1)) for _ in range(3)]
    seconds, seconds_alone = np.min(times, axis=0)
    print(
        f"\n{where:10s} {resolution} m: {len(items) * len(BANDS)} COGs in {seconds:5.2f} s, odc-stac alone "
        f"{seconds_alone:5.2f} s, {seconds / seconds_alone:4.2f} of it"
    )
