"""The files that a name stands for."""

from datetime import datetime

import pytest

from eolearn.io._file_paths import file_paths

DATES = [datetime(2020, 1, 31, 10, 5, 7), datetime(2020, 2, 1)]


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("out", "map", "out/map.tif"),
        ("out", "map.tif", "out/map.tif"),
        ("out", "map.TIFF", "out/map.TIFF"),
        ("out", "map.v2", "out/map.v2.tif"),
        ("out/", "deep/map", "out/deep/map.tif"),
        ("out/map.tiff", "", "out/map.tiff"),
        ("out/map", "", "out/map.tif"),
        ("", "map", "map.tif"),
        ("/", "map", "/map.tif"),
    ],
)
def test_a_name_is_relative_to_the_path_and_gets_an_ending(path, name, expected):
    assert file_paths(path, name, DATES) == [expected]
    assert file_paths(path, name, []) == [expected]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("map_*", ["out/map_20200131T100507.tif", "out/map_20200201T000000.tif"]),
        ("%Y/%m/map.tiff", ["out/2020/01/map.tiff", "out/2020/02/map.tiff"]),
        ("*_%H.tif", ["out/20200131T100507_10.tif", "out/20200201T000000_00.tif"]),
    ],
)
def test_a_template_gives_a_file_of_each_date(name, expected):
    assert file_paths("out", name, DATES) == expected
    assert file_paths(f"out/{name}", "", DATES) == expected


@pytest.mark.parametrize("name", ["map_*.tif", "map_%Y.tif"])
def test_without_dates_a_template_is_a_name_as_it_stands(name):
    assert file_paths("out", name, []) == [f"out/{name}"]


def test_a_list_names_the_file_of_each_date():
    assert file_paths("out", ["b", "a.tif"], DATES) == ["out/b.tif", "out/a.tif"]


def test_without_dates_a_list_may_have_any_length():
    assert file_paths("out", ["a", "b", "c"], []) == ["out/a.tif", "out/b.tif", "out/c.tif"]


@pytest.mark.parametrize(("names", "dates"), [(["a"], DATES), (["a", "b", "c"], DATES), ([], DATES), ([], [])])
def test_a_list_of_another_length_is_refused(names, dates):
    with pytest.raises(ValueError, match=f"{len(names)} names.* {len(dates)} dates"):
        file_paths("out", names, dates)


@pytest.mark.parametrize("name", [("a", "b"), 5, None, {"a"}])
def test_names_of_other_types_are_refused(name):
    with pytest.raises(TypeError, match="filename must be a string or a list"):
        file_paths("out", name, DATES)


@pytest.mark.parametrize("name", ["map_%Y", ["same", "same.tif"]])
def test_dates_do_not_overwrite_each_other(name):
    with pytest.raises(ValueError, match="several dates the same file"):
        file_paths("out", name, DATES)


def test_a_file_may_be_read_twice():
    assert file_paths("out", ["same", "same"], [], are_written=False) == ["out/same.tif"] * 2


@pytest.mark.parametrize("name", ["../map", "deep/../../map.tif", "/etc/map.tif", "..", ["a", "../b"], "../*"])
def test_no_name_leads_out_of_the_folder(name):
    for folder in ("home/out", "/home/out"):
        with pytest.raises(OSError, match="leads out of the folder"):
            file_paths(folder, name, DATES if isinstance(name, list) else [])


def test_dots_inside_of_the_folder_are_fine():
    assert file_paths("out", "deep/../map", []) == ["out/deep/../map.tif"]
    assert file_paths("/out", "/out/map", []) == ["/out/map.tif"]
