from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core import FeatureType
from eolearn.core.utils.redact import is_secret, redact, redacted_repr
from eolearn.core.utils.testing import generate_eopatch

SECRET = "Zm9vYmFy1jMhk7Q2x"
"""Stands for the secret part; the real ones are as long, and have digits."""

SAMPLES = [
    "SHConfig(\n  instance_id='{}',\n  sh_client_id='{}',\n  sh_client_secret='{}',\n)",
    "{{'aws_access_key_id': '{}', 'aws_secret_access_key': '{}', 'aws_session_token': '{}'}}",
    '{{"sh_client_secret": "{}", "sh_base_url": "https://services.sentinel-hub.com"}}',
    "S3FileSystem(anon=False, key='{}', secret='{}', token=\"{}\")",
    "s3fs.S3FileSystem(client_kwargs={{'aws_secret_access_key': b'{}'}})",
    "https://account.blob.core.windows.net/c/b.tif?sv=2023-01-03&sr=b&sig={}%3D&se=2026-01-01",
    "https://bucket.s3.amazonaws.com/k?X-Amz-Credential={}%2Fs3&X-Amz-Security-Token={}&X-Amz-Signature={}",
    "https://storage.googleapis.com/b/k?GoogleAccessId={}&Expires=1700000000&Signature={}",
    "https://storage.googleapis.com/b/k?X-Goog-Credential={}&X-Goog-Signature={}",
    "https://api.example.com/v1?api_key={}",
    "https://api.example.com/v1?access_token={}#part",
    "https://me:{}@host.example.com/path",
    "s3://AKIAEXAMPLE:{}/with+slash@bucket/key",
    "ftp://{}@host/path",
    "Authorization: Bearer {}",
    "{{'Authorization': 'Basic {}=='}}",
    "Authorization: AWS4-HMAC-SHA256 Credential={}/20260101, SignedHeaders=host, Signature={}",
    "curl -H 'authorization: token {}'",
    "request with bearer {} was refused",
    "password={}",
    "PASSWORD: {}",
    "passwd = '{}'",
    'os.environ["DB_PASSWORD"] = "{}"',
    'config.sh_client_secret = "{}"',
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}==;EndpointSuffix=core.windows.net",
    r'"{{\"client_secret\": \"{}\"}}"',
    "auth=('user', '{}')",
    "credentials={{'user': 'me', 'x': '{}'}}",
    "token=SecretStr('{}')",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE{}\n-----END RSA PRIVATE KEY-----",
    "a token by itself: eyJhbGciOiJIUzI1NiJ9.eyJ{}.c2ln",
    "ghp_{}abcd is one of GitHub",
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_secret_is_left(sample):
    text = sample.replace("{}", SECRET).replace("{{", "{").replace("}}", "}")
    redacted = redact(text)
    assert SECRET not in redacted
    assert "***" in redacted
    assert redact(redacted) == redacted


@given(
    sample=st.sampled_from(SAMPLES),
    secret=st.text("abcdefgXYZ0123456789", min_size=16, max_size=60).filter(lambda text: any(map(str.isdigit, text))),
    before=st.text("abc xyz.,()[]=:/\n", max_size=20),
    after=st.text("abc xyz.,()[]=:/\"'\n", max_size=20),
)
def test_no_secret_is_left_within_other_text(sample, secret, before, after):
    text = sample.replace("{}", secret).replace("{{", "{").replace("}}", "}")
    assert secret not in redact(f"{before}\n{text}\n{after}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The patch eopatch-7 has no feature (FeatureType.DATA, 'BANDS').",
        "KeyError: 'key'",
        "key='NDVI', value=3",
        "unexpected token: comma",
        "signature: (x, y) -> z",
        "max_tokens=100, key_count=3, monkey=banana, token_url='https://x/y'",
        "password=None, token='', secret=\"\", credentials={}",
        "http://localhost:8080/path@2x.png?size=3&format=png",
        "git@github.com:owner/name.git",
        'File "/home/me/work/tasks.py", line 12, in execute',
        "https://services.sentinel-hub.com/auth/realms/main/protocol/openid-connect/token",
        "bbox=BBox(((1.0, 2.0), (3.0, 4.0)), crs=CRS('4326'))",
        "ratio: 1:2, time 10:20:30, at 2026-01-01T10:00:00",
        "basic statistics of bearer bonds",
    ],
)
def test_harmless_text_stays_as_it_is(text):
    assert redact(text) == text


@given(st.text(" abcxyz.,()[]=:/'\"\n", max_size=200))
def test_text_without_names_of_secrets_stays_as_it_is(text):
    assert redact(text) == text


@given(st.text(max_size=300))
def test_to_redact_twice_changes_nothing_more(text):
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize("name", ["password", "sh_client_id", "awsSecretAccessKey", "X-Amz-Security-Token", "API_KEY"])
def test_names_of_secrets(name):
    assert is_secret(name)


@pytest.mark.parametrize("name", ["token_url", "key", "passenger", "eopatch_folder", "secretary", "tokens_left", ""])
def test_names_of_other_things(name):
    assert not is_secret(name)


@dataclass
class Settings:
    user: str
    password: str
    bands: np.ndarray


def test_settings_are_shown_without_secrets_and_arrays_by_their_shape():
    text = redacted_repr({"settings": [Settings("me", SECRET, np.zeros((2, 3)))], "client_secret": SECRET, "n": (1,)})
    expected = "{'settings': [Settings(user='me', password=***, bands=<ndarray (2, 3) float64>)], "
    assert text == expected + "'client_secret': ***, 'n': (1,)}"


def test_config_of_sentinel_hub_is_shown_without_secrets():
    from sentinelhub import SHConfig

    config = SHConfig()
    config.sh_client_id = config.sh_client_secret = config.instance_id = config.aws_session_token = SECRET
    assert SECRET not in redacted_repr(config, longest=10_000)
    assert "services.sentinel-hub.com" in redacted_repr(config, longest=10_000)


def test_patches_are_shown_short():
    patch = generate_eopatch([(FeatureType.DATA, "A"), (FeatureType.MASK, "B")])
    assert redacted_repr([patch]) == "[<EOPatch with 2 features>]"


def test_long_values_are_cut_after_they_are_redacted():
    text = redacted_repr("x" * 190 + f" password='{SECRET}'", longest=200)
    assert len(text) == 200
    assert text.endswith("...")
    assert not any(SECRET[:length] in text for length in range(4, len(SECRET)))
    assert len(redacted_repr(list(range(10**6)))) < 100


def test_whatever_a_value_is_it_has_a_text():
    class Stubborn:
        def __repr__(self):
            raise RuntimeError("no text")

    circle = []
    circle.append(circle)
    assert redacted_repr(Stubborn()) == "<Stubborn without a text: RuntimeError>"
    assert redacted_repr(b"bytes") == "<5 bytes>"
    assert redacted_repr({3}) == "{3}"
    assert redacted_repr(set()) == "set()"
    assert "[" in redacted_repr(circle)
