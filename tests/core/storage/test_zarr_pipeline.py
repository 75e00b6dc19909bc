"""Which program encodes chunks is chosen for the arrays of eo-learn alone."""

import importlib.util
import threading

import pytest
import zarr

from eolearn.core.storage import zarr_pipeline
from eolearn.core.storage.zarr_pipeline import codec_pipeline
from eolearn.core.utils.threads import limit_threads_here

OWN = "zarr.core.codec_pipeline.BatchedCodecPipeline"


def chosen():
    return zarr.config.get("codec_pipeline.path")


@pytest.mark.parametrize("users", [OWN, "zarrs.ZarrsCodecPipeline"])
def test_the_users_setting_is_as_it_was(users):
    with zarr.config.set({"codec_pipeline.path": users, "threading.max_workers": 7}):
        for fast in (True, False):
            with codec_pipeline(fast=fast):
                assert chosen() == ("zarrs.ZarrsCodecPipeline" if fast else OWN)
            assert (chosen(), zarr.config.get("threading.max_workers")) == (users, 7)
        with pytest.raises(ZeroDivisionError), codec_pipeline(fast=True):
            raise ZeroDivisionError
        assert chosen() == users


def test_without_zarrs_zarr_does_it_itself(monkeypatch):
    monkeypatch.setattr(zarr_pipeline, "find_spec", lambda name: None)
    with codec_pipeline(fast=True):
        assert chosen() == OWN
    assert importlib.util.find_spec("zarrs") is not None, "otherwise nothing above tests it"


def test_threads_choose_one_after_the_other():
    wrong = []

    def choose(fast):
        for _ in range(200):
            with codec_pipeline(fast=fast):
                if (chosen() == OWN) == fast:
                    wrong.append(fast)

    before = chosen()
    threads = [threading.Thread(target=choose, args=[number % 2 == 0]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert chosen() == before


def test_it_uses_as_many_threads_as_its_worker_may():
    limit_threads_here(1)
    try:
        with codec_pipeline(fast=True):
            assert zarr.config.get("threading.max_workers") == 1
    finally:
        limit_threads_here(None)
