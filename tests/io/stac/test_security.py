"""What a catalogue can't make us do: read our own files, ask our own network, fill our memory, loop."""

from __future__ import annotations

import json
import socket

import numpy as np
import pytest

from eolearn.core import FeatureType
from eolearn.core.exceptions import BrokenFile, DataError, EOLearnError, StorageError
from eolearn.io._stac import transport
from eolearn.io._stac.security import AddressPolicy, gdal_path, policy_of, shown
from eolearn.io.stac import STACInputTask

JUNE = ("2024-06-01", "2024-06-30")


def task_of(catalog, **settings):
    bands = (FeatureType.DATA, "BANDS")
    return STACInputTask(catalog, [], bands, ["B02"], resolution=10, radiometry="digital_numbers", **settings)


@pytest.fixture
def names(monkeypatch):
    """Return the addresses of names, as a name server would give them."""
    known = {"public.example": ["93.184.216.34"], "inner.example": ["10.0.0.5"]}
    ask = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        if host not in known:
            return ask(host, port, *args, **kwargs)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        *("http://127.0.0.1/a.tif", "http://localhost:8080/a.tif", "https://[::1]/a.tif", "http://0.0.0.0/a.tif"),
        *("http://10.1.2.3/a.tif", "http://192.168.1.1/a.tif", "http://172.16.0.1/a.tif", "http://100.64.0.1/a.tif"),
        *("http://[fd00:ec2::254]/a.tif", "http://[fe80::1]/a.tif", "http://[::ffff:10.0.0.1]/a.tif"),
        *("http://[64:ff9b::7f00:1]/a.tif", "http://[2002:7f00:1::]/a.tif", "http://224.0.0.1/a.tif"),
        *("http://2130706433/a.tif", "http://0x7f.1/a.tif", "https://inner.example/a.tif"),
    ],
)
def test_private_addresses_are_refused(url, names):
    with pytest.raises(DataError, match="which is not a public address"):
        AddressPolicy().check(url)


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://public.example/a.tif", "gopher://public.example/", "data:image/tiff;base64,SUkqAA==", "//"),
        *("/vsicurl/http://127.0.0.1/a.tif", "/vsizip//vsicurl/https://public.example/a.zip", "vrt:///a.tif"),
        *(
            "<VRTDataset></VRTDataset>",
            "<GDAL_WMS></GDAL_WMS>",
            "WMS:https://public.example",
            "GTIFF_DIR:1:/etc/passwd",
        ),
        *("https://user:password@public.example/a.tif", "https://public.example\\@127.0.0.1/a.tif", "https:///a.tif"),
        *("https://public.example/a b.tif", "https://public.example:99999/a.tif", "http://[::1/a.tif", "zip:///a!b"),
        *("/etc/passwd", "file:///etc/passwd", "file://public.example/a.tif", "../a.tif", ""),
        *("s3://", "s3://UPPER/a.tif", "s3://a/b.tif", "s3://127.0.0.1:80/a.tif", "s3://user@bucket/a.tif"),
    ],
)
def test_other_addresses_than_those_of_rasters_are_refused(url, names):
    with pytest.raises(DataError):
        AddressPolicy().check(url)


def test_public_addresses_and_allowed_ones_are_taken(names, tmp_path):
    AddressPolicy().check("https://public.example/a.tif?sig=x")
    AddressPolicy().check("s3://sentinel-cogs/a.tif")
    policy_of(["inner.example"], [], ()).check("https://inner.example:8443/a.tif")
    policy_of(["LOCALHOST:8080"], [], ()).check("http://localhost:8080/a.tif")
    with pytest.raises(DataError, match=r"pass allowed_hosts=\['localhost'\]"):
        policy_of(["localhost:8080"], [], ()).check("http://localhost:8081/a.tif")
    policy_of([], [tmp_path], ()).check(str(tmp_path / "a.tif"))


def test_a_name_with_one_private_address_among_public_ones_is_refused(names):
    names["public.example"].append("192.168.0.7")
    with pytest.raises(DataError, match=r"leads to 192\.168\.0\.7"):
        AddressPolicy().check("https://public.example/a.tif")


def test_unknown_name_is_an_error_unless_a_proxy_knows_it(monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StorageError, match=r"The host 'public.example' of .* is not known"):
        AddressPolicy().check("https://public.example/a.tif")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    AddressPolicy().check("https://public.example/a.tif")


def test_links_out_of_a_folder_are_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "secret.tif").write_bytes(b"x")
    (tmp_path / "data" / "link.tif").symlink_to(tmp_path / "secret.tif")
    policy = policy_of([], [tmp_path / "data"], ())
    for path in ("data/link.tif", "data/../secret.tif"):
        with pytest.raises(DataError, match="is not to be read"):
            policy.check(str(tmp_path / path))


def test_gdal_gets_names_that_mean_one_thing_only(tmp_path):
    assert gdal_path("https://public.example/a.tif?sig=1") == "/vsicurl/https://public.example/a.tif?sig=1"
    assert gdal_path("s3://bucket/a/b.tif") == "/vsis3/bucket/a/b.tif"
    assert gdal_path((tmp_path / "a b.tif").as_uri()) == str(tmp_path / "a b.tif")


@pytest.mark.parametrize("secret", ["sig=SECRET", "X-Amz-Signature=SECRET&x=1", "whatever=SECRET"])
def test_queries_are_not_shown(secret):
    text = f"RasterioIOError: '/vsicurl/https://a.example/b.tif?{secret}' not recognized"
    assert shown(text) == "RasterioIOError: '/vsicurl/https://a.example/b.tif?***' not recognized"


@pytest.mark.parametrize(
    ("href", "message"),
    [
        ("http://169.254.169.254/a.tif", "Band 'B02' of item 'S2A_1': .*leads to 169.254.169.254"),
        ("/etc/hostname", "Band 'B02' of item 'S2A_1': The file '/etc/hostname' is not to be read"),
        ("../outside.tif", "Band 'B02' of item 'S2A_1': The file .*outside.tif' is not to be read"),
        ("/vsicurl/http://127.0.0.1/a.tif", "is not to be read"),
    ],
)
def test_local_catalogue_can_not_name_what_lies_elsewhere(folder, bbox, href, message):
    folder.items[0]["assets"]["B02"]["href"] = href
    with pytest.raises(DataError, match=message):
        task_of(folder.write_catalog()).execute(bbox=bbox, time_interval=JUNE)


@pytest.mark.parametrize("href", ["file:///etc/hostname", "file:1_B02.tif"])
def test_remote_catalogue_can_not_name_local_files(folder, server, bbox, href):
    folder.items[0]["assets"]["B02"]["href"] = href
    folder.write_catalog()
    with pytest.raises(DataError, match=r"Band 'B02' of item 'S2A_1': The file .* is not to be read"):
        task_of(f"{server.url}/catalog.json").execute(bbox=bbox, time_interval=JUNE)


def test_path_in_a_remote_catalogue_is_one_of_its_host(folder, server, bbox):
    folder.items[0]["assets"]["B02"]["href"] = str(folder.path / "1_B02.tif")
    folder.write_catalog()
    with pytest.raises(StorageError, match=f"{server.url}{folder.path}/1_B02.tif.*404"):
        task_of(f"{server.url}/catalog.json").execute(bbox=bbox, time_interval=("2024-06-01", "2024-06-01"))


def test_self_link_can_not_turn_a_remote_item_into_a_local_one(folder, server, bbox):
    folder.items[0]["links"] = [{"rel": "self", "href": str(folder.path / "item.json")}]
    folder.write_catalog()
    task = task_of(f"{server.url}/catalog.json")
    assert task.find_items(bbox, JUNE)[0].assets["B02"].href == f"{server.url}/1_B02.tif"


def test_redirections_of_assets_are_checked_before_they_are_followed(folder, server, bbox):
    port = server.host.partition(":")[2]
    folder.write_catalog()
    task = task_of(f"{server.url}/catalog.json")
    server.redirects = {"/1_B02.tif": f"http://localhost:{port}/2_B02.tif"}
    with pytest.raises(DataError, match=r"Band 'B02' of item 'S2A_1': 'http://localhost.*not a public address"):
        task.execute(bbox=bbox, time_interval=("2024-06-01", "2024-06-01"))
    assert not any(headers.get("Host", "").startswith("localhost") for _, _, headers, _ in server.asked)
    server.redirects = {"/1_B02.tif": "/2_B02.tif"}
    patch = task.execute(bbox=bbox, time_interval=("2024-06-01", "2024-06-01"))
    np.testing.assert_array_equal(patch.data["BANDS"][0, ..., 0], folder.numbers["B02", 2][:64, :64])
    server.redirects = {"/1_B02.tif": "/2_B02.tif", "/2_B02.tif": "/1_B02.tif"}
    with pytest.raises(StorageError, match="redirects more than 5 times"):
        task.execute(bbox=bbox, time_interval=("2024-06-01", "2024-06-01"))
    server.redirects = {"/1_B02.tif": "file:///etc/hostname"}
    with pytest.raises(DataError, match="is not to be read"):
        task.execute(bbox=bbox, time_interval=("2024-06-01", "2024-06-01"))


@pytest.mark.parametrize("name", ["1_B02.tif", "1_B02.jp2", "1_B02.vrt"])
def test_files_that_name_other_files_are_not_opened(folder, bbox, name):
    inner = f"<SourceFilename>{folder.path / '2_B02.tif'}</SourceFilename><SourceBand>1</SourceBand>"
    band = f"<VRTRasterBand dataType='UInt16' band='1'><SimpleSource>{inner}</SimpleSource></VRTRasterBand>"
    (folder.path / name).write_text(f"<VRTDataset rasterXSize='96' rasterYSize='96'>{band}</VRTDataset>")
    folder.items[0]["assets"]["B02"]["href"] = name
    with pytest.raises(StorageError, match=f"Band 'B02' of item 'S2A_1' can't be read from .*{name}"):
        task_of(folder.write_catalog()).execute(bbox=bbox, time_interval=JUNE)


def test_files_beside_an_asset_are_not_looked_for(folder, server, bbox):
    folder.write_catalog()
    task_of(f"{server.url}/catalog.json").execute(bbox=bbox, time_interval=JUNE)
    asked = {path for _, path, *_ in server.asked}
    assert asked == {"/catalog.json", *(f"/S2A_{day}.json" for day in (1, 2, 3)), *(f"/{d}_B02.tif" for d in (1, 2, 3))}


def test_links_of_a_catalogue_stay_on_its_host(folder, server, bbox):
    folder.write_catalog()
    catalog = json.loads((folder.path / "catalog.json").read_text())
    port = server.host.partition(":")[2]
    for href, message in (
        (f"http://localhost:{port}/S2A_1.json", "not a public address"),
        ("file:///etc/hostname", "link to a local file"),
        ("http://169.254.169.254/latest", "not a public address"),
        ("ftp://public.example/a.json", "can't be read"),
    ):
        catalog["links"] = [{"rel": "item", "href": href}]
        (folder.path / "catalog.json").write_text(json.dumps(catalog))
        with pytest.raises(DataError, match=message):
            task_of(f"{server.url}/catalog.json").find_items(bbox, JUNE)
    catalog["links"] = [{"rel": "item", "href": f"http://localhost:{port}/S2A_1.json"}]
    (folder.path / "catalog.json").write_text(json.dumps(catalog))
    found = task_of(f"{server.url}/catalog.json", allowed_hosts=[f"localhost:{port}"]).find_items(bbox, JUNE)
    assert [item.id for item in found] == ["S2A_1"]


def test_public_host_of_a_link_must_be_named_too(folder, server, bbox, names):
    folder.write_catalog()
    catalog = json.loads((folder.path / "catalog.json").read_text())
    catalog["links"] = [{"rel": "item", "href": "https://public.example/a.json"}]
    (folder.path / "catalog.json").write_text(json.dumps(catalog))
    with pytest.raises(DataError, match=r"link to another host: .*allowed_hosts=\['public.example'\]"):
        task_of(f"{server.url}/catalog.json").find_items(bbox, JUNE)


def test_redirections_of_documents_stay_on_the_host(folder, server, bbox):
    folder.write_catalog()
    port = server.host.partition(":")[2]
    server.redirects = {"/old": "/catalog.json", "/away": f"http://localhost:{port}/catalog.json", "/loop": "/loop"}
    assert len(task_of(f"{server.url}/old").find_items(bbox, JUNE)) == 3
    with pytest.raises(DataError, match="not a public address"):
        task_of(f"{server.url}/away").find_items(bbox, JUNE)
    with pytest.raises(StorageError, match="redirects more than"):
        task_of(f"{server.url}/loop").find_items(bbox, JUNE)


def test_documents_are_bounded(folder, server):
    bounded = transport.Transport(f"{server.url}/stac", AddressPolicy(frozenset({server.host})), most_bytes=1000)
    server.hook = lambda path, query, body: {"padding": "x" * 5000}
    with pytest.raises(DataError, match="which no STAC document should be"):
        bounded.read_json(f"{server.url}/stac")
    file = folder.path / "large.json"
    file.write_text(json.dumps({"padding": "x" * 5000}))
    local = transport.Transport(str(file), policy_of([], [folder.path], ()), most_bytes=1000)
    with pytest.raises(DataError, match="which no STAC document should be"):
        local.read_json(str(file))


@pytest.mark.parametrize("text", ["[" * 200_000, "nothing", '{"type": ', "[1, 2]"])
def test_documents_that_are_none_are_broken_files(folder, bbox, text):
    (folder.path / "catalog.json").write_text(text)
    with pytest.raises(BrokenFile, match=r"catalog.json is"):
        task_of(folder.path / "catalog.json").find_items(bbox, JUNE)


@pytest.mark.parametrize(
    "change",
    [
        *({"geometry": "x"}, {"properties": None}, {"assets": [1]}, {"assets": {"B02": {}}}, {"type": "Thing"}),
        *(
            {"properties": {"datetime": "yesterday"}},
            {"properties": {"datetime": None}},
            {"bbox": ["a"], "geometry": None},
        ),
        *({"geometry": {"type": "Polygon", "coordinates": "x"}}, {"id": None}, {"links": "x"}),
    ],
)
def test_items_that_are_none_are_errors_of_ours(folder, bbox, change):
    folder.items[0].update(change)
    folder.items[0].setdefault("id", "x")
    (folder.path / "items.json").write_text(json.dumps({"type": "FeatureCollection", "features": [folder.items[0]]}))
    try:
        task_of(folder.path / "items.json").execute(bbox=bbox, time_interval=JUNE)
    except EOLearnError:
        return
    assert change in ({"id": None}, {"links": "x"})


def test_catalogues_that_loop_or_never_end_are_bounded(folder, server, bbox):
    folder.write_catalog()
    catalog = json.loads((folder.path / "catalog.json").read_text())
    catalog["links"] += [{"rel": "child", "href": "./catalog.json"}, {"rel": "child", "href": "child.json"}]
    (folder.path / "catalog.json").write_text(json.dumps(catalog))
    (folder.path / "child.json").write_text(json.dumps(catalog | {"id": "child"}))
    assert len(task_of(folder.path / "catalog.json").find_items(bbox, JUNE)) == 3

    def endless(path, query, body):
        return catalog | {"links": [{"rel": "child", "href": f"{path}x"}, {"rel": "child", "href": f"{path}y"}]}

    server.hook = endless
    with pytest.raises(DataError, match="is larger than 1000 documents or deeper than 12 levels"):
        task_of(f"{server.url}/a", max_items=50).find_items(bbox, JUNE)
    assert len(server.asked) < 1000


def test_number_of_items_is_bounded(folder, server, bbox):
    server.items = folder.items
    for catalog in (folder.write_catalog(), f"{server.url}/stac"):
        with pytest.raises(DataError, match="has more than 2 such items"):
            task_of(catalog, max_items=2).find_items(bbox, JUNE)


def test_api_that_pages_for_ever_is_bounded(folder, server, bbox):
    link = {"rel": "next", "href": f"{server.url}/stac/search", "method": "POST", "body": {}}
    elsewhere = folder.items[0] | {"properties": {"datetime": "1999-01-01T00:00:00Z", "eo:cloud_cover": 1}}

    def for_ever(path, query, body):
        return {"features": [elsewhere] * 10, "links": [link]} if path == "/stac/search" else None

    server.hook = for_ever
    with pytest.raises(DataError, match="has more than 20 such items"):
        task_of(f"{server.url}/stac", max_items=1).find_items(bbox, JUNE)
    assert len(server.asked) <= 4


def test_api_can_not_send_its_search_elsewhere(folder, server, bbox):
    port = server.host.partition(":")[2]
    root = server.root()
    root["links"][-1]["href"] = f"http://localhost:{port}/stac/search"
    server.hook = lambda path, query, body: root if path == "/stac" else None
    with pytest.raises(DataError, match="not a public address"):
        task_of(f"{server.url}/stac", headers={"X-Key": "SECRET"}).find_items(bbox, JUNE)
    assert len(server.asked) == 1


@pytest.mark.filterwarnings("ignore:Support for class-based `config`")  # planetary_computer's
def test_planetary_computer_signs_its_own_hosts_only(monkeypatch):
    import planetary_computer.sas

    from eolearn.io.stac import sign_planetary_computer

    token = planetary_computer.sas.SASToken(**{"msft:expiry": "2999-01-01T00:00:00Z", "token": "sig=SECRET"})
    address = f"{planetary_computer.settings.DEFAULT_SAS_TOKEN_ENDPOINT}/account/container"
    monkeypatch.setitem(planetary_computer.sas.TOKEN_CACHE, address, token)
    url = "https://account.blob.core.windows.net/container/a.tif"
    assert sign_planetary_computer(url) == f"{url}?sig=SECRET"
    assert sign_planetary_computer("https://public.example/container/a.tif") == "https://public.example/container/a.tif"


def test_crs_is_needed(folder, bbox, write_cog):
    write_cog(folder.path / "1_B02.tif", np.ones((96, 96), np.uint16), crs=None)
    with pytest.raises(DataError, match="Band 'B02' of item 'S2A_1': .*1_B02.tif has no CRS"):
        task_of(folder.write_catalog()).execute(bbox=bbox, time_interval=JUNE)
