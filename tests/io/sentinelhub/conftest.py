"""The loopback service, a configuration for it, and its collections."""

from __future__ import annotations

import importlib.util
from datetime import datetime
from pathlib import Path

import pytest
from sentinelhub import CRS, BBox, DataCollection, SentinelHubDownloadClient, SHConfig

spec = importlib.util.spec_from_file_location("sentinelhub_server", Path(__file__).with_name("server.py"))
server = importlib.util.module_from_spec(spec)
spec.loader.exec_module(server)

# collections without an address of their own, so that the configuration says where the service is
L1C = DataCollection.SENTINEL2_L1C.define_from("LOCAL_L1C", service_url=None)
L2A = DataCollection.SENTINEL2_L2A.define_from("LOCAL_L2A", service_url=None)
DEM = DataCollection.DEM.define_from("LOCAL_DEM", service_url=None)


@pytest.fixture(scope="session")
def collections():
    return {"L1C": L1C, "L2A": L2A, "DEM": DEM}


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """Return a service with three acquisitions in June 2024."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("SH_CLIENT_ID", "SH_CLIENT_SECRET", "SH_PROFILE", "EOLEARN_IO_SECRETS"):
        monkeypatch.delenv(name, raising=False)
    SentinelHubDownloadClient.clear_cache()
    hub = server.SentinelHub()
    hub.times = {datetime(2024, 6, day, 10, 0, 31): cover for day, cover in ((1, 10.0), (11, 80.0), (21, 30.0))}
    yield hub
    hub.close()
    SentinelHubDownloadClient.clear_cache()


@pytest.fixture
def config(hub):
    return SHConfig(
        use_defaults=True,
        sh_base_url=hub.url,
        sh_token_url=f"{hub.url}/auth/token",
        sh_client_id=server.CLIENT_ID,
        sh_client_secret=server.CLIENT_SECRET,
        download_sleep_time=0.02,
        max_download_attempts=4,
        download_timeout_seconds=5,
    )


@pytest.fixture
def bbox():
    """Return a place of 8 x 6 pixels of 10 m."""
    return BBox((500_000, 5_099_940, 500_080, 5_100_000), CRS.UTM_33N)


@pytest.fixture(scope="session")
def secret():
    return server.CLIENT_SECRET


@pytest.fixture(scope="session")
def value_of():
    """Return the function of the service that makes its pixels."""
    return server.pattern
