"""How fast sixteen patches of four dates come from a service on loopback, beside plain parallel requests."""

from __future__ import annotations

import importlib.util
import json
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sentinelhub import CRS, BBox, DataCollection, SentinelHubDownloadClient, SHConfig
from sentinelhub.decoding import decode_tar

from eolearn.core import FeatureType
from eolearn.io.sentinelhub_process import SentinelHubInputTask

pytestmark = pytest.mark.benchmark
PATCHES, WORKERS, SIZE = 16, 4, 256
BANDS = ["B02", "B03", "B04", "B08"]
JUNE = ("2024-06-01", "2024-06-30")

path = Path(__file__).parents[1] / "io/sentinelhub/server.py"
spec = importlib.util.spec_from_file_location("sentinelhub_server_of_benchmark", path)
server = importlib.util.module_from_spec(spec)
spec.loader.exec_module(server)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("EOLEARN_IO_SECRETS", raising=False)
    SentinelHubDownloadClient.clear_cache()
    image = np.random.default_rng(0).random((SIZE, SIZE, 1))
    hub = server.SentinelHub(source=lambda wanted, name, bands: image)
    hub.times = {datetime(2024, 6, day, 10): 0.0 for day in (1, 8, 15, 22)}
    yield hub
    hub.close()
    SentinelHubDownloadClient.clear_cache()


def post(url, document, token):
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(document).encode(), headers)) as answer:
        return answer.read()


def plain(hub, bodies, searches):
    """Send the same requests, as many patches and dates at the same time, and decode what comes."""
    form = {"client_id": server.CLIENT_ID, "client_secret": server.CLIENT_SECRET, "grant_type": "client_credentials"}
    token_request = urllib.request.Request(f"{hub.url}/auth/token", urllib.parse.urlencode(form).encode())
    token = json.loads(urllib.request.urlopen(token_request).read())["access_token"]

    def one_patch(number):
        for search in searches:
            post(f"{hub.url}/api/v1/catalog/1.0.0/search", search, token)
        mine = bodies[4 * number : 4 * number + 4]
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda body: decode_tar(post(f"{hub.url}/api/v1/process", body, token)), mine))

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one_patch, range(PATCHES)))


@pytest.mark.parametrize("delay_s", [0.0, 0.05])
def test_sixteen_patches_of_four_dates(hub, delay_s, best_time):
    hub.delay_s = delay_s
    config = SHConfig(
        use_defaults=True, sh_base_url=hub.url, sh_token_url=f"{hub.url}/auth/token", sh_client_id=server.CLIENT_ID,
        sh_client_secret=server.CLIENT_SECRET,
    )  # fmt: skip
    collection = DataCollection.SENTINEL2_L1C.define_from("LOCAL_L1C", service_url=None)
    task = SentinelHubInputTask(
        collection, size=(SIZE, SIZE), bands_feature=(FeatureType.DATA, "BANDS"), bands=BANDS, config=config
    )
    boxes = [BBox((500_000 + 2560 * n, 5_000_000, 502_560 + 2560 * n, 5_002_560), CRS.UTM_33N) for n in range(PATCHES)]

    def ours():
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(lambda box: task.execute(bbox=box, time_interval=JUNE), boxes))

    task.execute(bbox=boxes[0], time_interval=JUNE)
    searches = hub.bodies("search")
    hub.asked.clear()
    patches = ours()
    bodies = hub.bodies()
    images = plain(hub, bodies, searches)
    np.testing.assert_array_equal(patches[0].data["BANDS"][0, ..., 0], images[0][0]["B02.tif"])
    times = [(best_time(ours, 1), best_time(lambda: plain(hub, bodies, searches), 1)) for _ in range(3)]
    seconds, seconds_plain = np.min(times, axis=0)
    print(
        f"\nanswers after {delay_s:4.2f} s: {PATCHES} patches in {seconds:5.2f} s, plain requests "
        f"{seconds_plain:5.2f} s, {seconds / seconds_plain:4.2f} of it"
    )
