from __future__ import annotations

import pytest

from eolearn.core.utils.whole_file import whole_file


def test_file_takes_the_place_of_the_old_one_when_it_is_whole(tmp_path):
    target = tmp_path / "map.tif"
    target.write_bytes(b"old")
    with whole_file(target) as part:
        part.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def write_half(target):
    with whole_file(str(target)) as part:
        part.write_bytes(b"half")
        target.parent.read_bytes()


def test_nothing_is_left_of_a_file_whose_writing_fails(tmp_path):
    target = tmp_path / "map.tif"
    target.write_bytes(b"old")
    with pytest.raises(IsADirectoryError):
        write_half(target)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
