"""Local clusters, which are slow to start: one of each for all the tests that need it."""

import logging
import socket

import pytest
import pytest_socket


@pytest.fixture(scope="session")
def ray_cluster():
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    yield ray
    ray.shutdown()


@pytest.fixture(scope="session")
def dask_client():
    """Two worker processes with a thread each."""
    yield from _client_of_cluster(n_workers=2, threads_per_worker=1)


@pytest.fixture(scope="session")
def dask_client_here():
    """One worker with two threads in this process."""
    yield from _client_of_cluster(n_workers=1, threads_per_worker=2, processes=False)


@pytest.fixture(scope="session")
def dask_client_of_threads():
    """One worker process with two threads."""
    yield from _client_of_cluster(n_workers=1, threads_per_worker=2)


def _client_of_cluster(**settings):
    distributed = pytest.importorskip("distributed")
    with pytest.MonkeyPatch.context() as patch:  # to find the address of this machine, which is then kept, Dask makes
        patch.setattr(socket.socket, "connect", pytest_socket._true_connect)  # a socket for 8.8.8.8, but sends nothing
        distributed.utils.get_ip()
    settings |= {"dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    with (
        distributed.LocalCluster(**settings) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def s3_endpoint():
    """The address of a server of moto with a bucket called "bucket"."""
    moto_server = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    import boto3

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    keys = {"aws_access_key_id": "id", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=url, **keys).create_bucket(Bucket="bucket")
    yield url
    server.stop()
