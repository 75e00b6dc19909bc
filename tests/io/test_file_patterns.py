"""Names that tell a date and a band, as people write them."""

import re
from datetime import datetime

import pytest

from eolearn.io._file_patterns import file_pattern

DAY = datetime(2018, 4, 28)


@pytest.mark.parametrize(
    ("pattern", "path", "date", "band"),
    [
        ("LC08_*_{date:%Y%m%d}_{band}.TIF", "LC08_L1TP_014032_20180428_B10.TIF", DAY, "B10"),
        ("{scene}/LC08_*_{date}_{band}.TIF", "A/LC08_L1TP_014032_20180428_B4.TIF", DAY, "B4"),
        ("*/LC08_*_{date}_*_T1_{band}.TIF", "x/LC08_L2SP_014032_20180428_20180502_02_T1_SR_B4.TIF", DAY, "SR_B4"),
        ("{date:%Y-%m-%d}_{band}.tif", "2018-04-28_NDVI.tif", DAY, "NDVI"),
        ("{date:%Y/%m/%d}/{band}.tif", "2018/04/28/B04.tif", DAY, "B04"),
        ("{date:%Y}/{band}.tif", "2018/B04.tif", datetime(2018, 1, 1), "B04"),
        ("{date:%Y%j}.{band}.tif", "2018118.ndvi.tif", DAY, "ndvi"),
        (
            "**/IMG_DATA/R10m/*_{date:%Y%m%dT%H%M%S}_{band}_10m.jp2",
            "S2A.SAFE/GRANULE/L2A/IMG_DATA/R10m/T33UVP_20180428T101021_B04_10m.jp2",
            datetime(2018, 4, 28, 10, 10, 21),
            "B04",
        ),
        ("**/{band}.tif", "B04.tif", None, "B04"),
        ("{band}.tif", "a+b (1).tif", None, "a+b (1)"),
        ("{tile}/{tile}_{date}.tif", "33UVP/33UVP_20180428.tif", DAY, None),
        ("{date}_?.tif", "20180428_a.tif", DAY, None),
        (re.compile(r".*_(?P<date>\d{8})_(?P<band>B\d+)\.tif"), "a/b_20180428_B4.tif", DAY, "B4"),
        (re.compile(r"(?P<date>[\dT:-]+)Z?\.tif"), "2018-04-28T10:00:00Z.tif", datetime(2018, 4, 28, 10), None),
    ],
)
def test_a_path_tells_its_date_and_band(pattern, path, date, band):
    named = file_pattern(pattern).parse(path)
    assert (named.path, named.date, named.band) == (path, date, band)
    assert file_pattern(pattern).has_dates == (date is not None)
    assert file_pattern(pattern).has_bands == (band is not None)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("{date}_{band}.tif", "a/20180428_B4.tif"),
        ("{date}_{band}.tif", "20180428_B4.tif.aux.xml"),
        ("{date}_{band}.tif", "2018042_B4.tif"),
        ("{date}.{band}.tif", "20180428xB4.tif"),
        ("{tile}/{tile}_{date}.tif", "33UVP/33UVQ_20180428.tif"),
        ("LC08_{date}.TIF", "lc08_20180428.tif"),
        ("{date}_?.tif", "20180428_ab.tif"),
    ],
)
def test_other_paths_do_not_match(pattern, path):
    assert file_pattern(pattern).parse(path) is None


@pytest.mark.parametrize(
    ("pattern", "folder", "depth"),
    [
        ("a/b/{band}.tif", "a/b", 3),
        ("a/b*/{band}.tif", "a", 3),
        ("{date:%Y/%m}/x.tif", "", 3),
        ("a/**/x.tif", "a", None),
    ],
)
def test_a_pattern_tells_where_to_look(pattern, folder, depth):
    assert (file_pattern(pattern).folder, file_pattern(pattern).depth) == (folder, depth)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{band.tif", "can't be understood"),
        ("{}.tif", "where only a name can be"),
        ("{band:3}.tif", "where only a name can be"),
        ("{date:%Y-%Q}.tif", "has %Q"),
        ("{date:%Y}/{date:%m}.tif", r"dates of two formats.*Write \*"),
    ],
)
def test_a_pattern_that_makes_no_sense(pattern, message):
    with pytest.raises(ValueError, match=message):
        file_pattern(pattern)


@pytest.mark.parametrize("pattern", ["{date}.tif", re.compile(r"(?P<date>\d{8})\.tif")])
def test_a_date_that_there_is_not(pattern):
    with pytest.raises(ValueError, match=r"'20181399\.tif' has the date '20181399', which can't be"):
        file_pattern(pattern).parse("20181399.tif")
