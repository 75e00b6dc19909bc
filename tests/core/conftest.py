"""What tests of storage and of runs share: an S3 server on this machine."""

import contextlib
import logging
import time
from collections import Counter
from urllib.parse import parse_qs

import pytest
from sentinelhub import SHConfig


class S3Server:
    """A server of moto with one bucket, ``bucket``, that counts what it is asked.

    It takes any credentials, but for those in :meth:`asking_for_credentials`.
    """

    def __init__(self, server):
        self._server = server
        self._app, self._server.app = server.app, self._counted
        self._requests, self._running = Counter(), 0
        self.delay_seconds, self.most_at_once = 0.0, 0
        self.endpoint = "http://{}:{}".format(*server.server_address[:2])
        self.client("s3").create_bucket(Bucket="bucket")

    def client(self, service):
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            aws_access_key_id="id",
            aws_secret_access_key="secret",
            region_name="us-east-1",
        )

    def _counted(self, environ, start_response):
        kind = environ["REQUEST_METHOD"].lower()
        if kind == "get" and "list-type" in parse_qs(environ["QUERY_STRING"]):
            kind = "list"
        self._requests[kind] += 1
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        time.sleep(self.delay_seconds)
        try:
            return self._app(environ, start_response)
        finally:
            self._running -= 1

    @contextlib.contextmanager
    def expect(self, **requests):
        """Compare the requests that are made in the block with their expected numbers."""
        self._requests.clear()
        yield
        assert self._requests == requests

    @contextlib.contextmanager
    def asking_for_credentials(self):
        """Yield an access key and its secret, which alone are accepted in the block."""
        from moto.core import enable_iam_authentication

        policy = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
        iam = self.client("iam")
        iam.create_user(UserName="user")
        iam.put_user_policy(UserName="user", PolicyName="all", PolicyDocument=policy)
        key = iam.create_access_key(UserName="user")["AccessKey"]
        try:
            with enable_iam_authentication():
                yield key["AccessKeyId"], key["SecretAccessKey"]
        finally:
            iam.delete_access_key(UserName="user", AccessKeyId=key["AccessKeyId"])
            iam.delete_user_policy(UserName="user", PolicyName="all")
            iam.delete_user(UserName="user")


@pytest.fixture(scope="session")
def s3_server():
    moto_server = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    pytest.importorskip("boto3")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield S3Server(server._server)
    server.stop()


@pytest.fixture
def s3_config():
    return config_of("id", "secret")


def config_of(key, secret):
    config = SHConfig()
    config.aws_access_key_id, config.aws_secret_access_key, config.aws_session_token = key, secret, ""
    return config


@pytest.fixture
def s3_folder(request):
    """Return the URL of a folder of the test's own, where nothing is."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    return f"s3://bucket/{name}"
