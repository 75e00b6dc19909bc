"""No secret gets into the file or into the script."""

from __future__ import annotations

import string
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from sentinelhub import CRS, BBox, SHConfig

from eolearn.core import EOPatch, EOTask, EOWorkflow, SaveTask, linearly_connect_tasks
from eolearn.core.execution.fingerprint import Fingerprinter
from eolearn.core.provenance import load_provenance, provenance_script

PLACE = BBox((0, 0, 1, 1), CRS.WGS84)
names = st.sampled_from(["password", "api_key", "sh_client_secret", "token", "credentials", "aws_secret_access_key"])
secrets = st.text(string.ascii_letters + string.digits, min_size=16, max_size=40).filter(
    lambda text: any(character.isdigit() for character in text) and any(character.isalpha() for character in text)
)


class Make(EOTask):
    """Takes anything, and makes a patch."""

    def __init__(self, anything: Any = None, **more: Any):
        self.anything = anything
        self.more = more

    def execute(self, **_: Any) -> EOPatch:
        return EOPatch(bbox=PLACE)


class Pass(EOTask):
    def execute(self, eopatch: EOPatch) -> EOPatch:
        return eopatch


class Account:
    """An object with a secret, which its text shows."""

    def __init__(self, name: str, secret: str):
        setattr(self, name, secret)

    def __repr__(self) -> str:
        ((name, secret),) = vars(self).items()
        return f"Account({name}={secret!r})"


def closure(secret: str, name: str) -> Callable[[], str]:
    password = {name: secret}
    return lambda: password[name]


hiding_places: list[Callable[[str, str], Any]] = [
    lambda name, secret: {name: secret},
    lambda name, secret: [{"a": ({name: secret},)}],
    lambda name, secret: {name: [secret, {"user": secret}]},
    lambda name, secret: {name: secret.encode()},
    lambda name, secret: {name: np.array([secret])},
    lambda name, secret: f"https://me:{secret}@host/path",
    lambda name, secret: f"s3://bucket/key?{name}={secret}",
    lambda name, secret: f"{name}={secret}".encode(),
    lambda name, secret: Path(f"folder/{name}={secret}"),
    lambda name, secret: np.array([f"{name}={secret}"]),
    lambda name, secret: partial(print, **{name: secret}),
    lambda name, secret: SHConfig(use_defaults=True, sh_client_id=secret, sh_client_secret=secret),
    Account,
    lambda name, secret: closure(secret, name),
    lambda name, secret: Make(**{name: secret}),
    lambda name, secret: Make(SHConfig(use_defaults=True, sh_client_secret=secret)) * Make(),
]


def texts_of(task: EOTask, arguments: dict[str, Any]) -> tuple[str, str]:
    """Return file and script of a patch that is made by a task with some arguments."""
    with TemporaryDirectory() as folder:
        nodes = linearly_connect_tasks(task, SaveTask(folder, provenance=True))
        EOWorkflow(nodes).execute({nodes[0]: arguments})
        return (Path(folder) / "provenance.json").read_text(), provenance_script(folder)


@pytest.mark.parametrize("hide", hiding_places)
@given(name=names, secret=secrets)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_secrets_in_settings_and_arguments_are_not_kept(hide: Callable[..., Any], name: str, secret: str) -> None:
    for task, arguments in (
        (Make(hide(name, secret)), {"anything": hide(name, secret)}),
        (Make(**{name: secret}), {name: secret}),
    ):
        for text in texts_of(task, arguments):
            assert secret not in text


def test_secrets_leave_no_fingerprint() -> None:
    secret = "hunter2" * 4
    file, _ = texts_of(Make(Account("password", secret), password=secret), {"token": secret})
    assert Fingerprinter().of(secret).hex() not in file
    assert "fingerprint" not in file


def test_secrets_in_the_source_of_a_function_are_masked() -> None:
    def login() -> str:
        password = "s3cret-of-mine-42"
        return password.upper()

    file, script = texts_of(Make(login), {})
    assert "s3cret-of-mine" not in file + script
    assert "with secrets in its source" in script
    assert "password = '***'" in script
    assert "fingerprint" not in file


def test_secrets_in_comments_defaults_and_enclosing_functions_are_not_kept() -> None:
    password = "s3cret-of-mine-41"

    def login(user: str = "me", password: str = password) -> str:
        return user + password

    file, script = texts_of(Make([commented, login, lambda *, token=password: token]), {})
    assert "s3cret-of-mine" not in file + script
    assert "def commented(token: str) -> str:" in script
    assert "password='***'" not in script


def commented(token: str) -> str:
    # password: s3cret-of-mine-43
    key = token.upper()
    return key.lower()


def test_different_secrets_of_one_name_are_told_apart() -> None:
    _, script = texts_of(Make([{"password": "abc1"}, {"password": "abc2"}, {"password": "abc1"}]), {})
    assert "[{'password': password}, {'password': password_2}, {'password': password}]" in script


def test_nodes_whose_names_differ_only_in_secrets_are_told_apart(tmp_path: Path) -> None:
    names = [f"make?token=abc123def456ghi78{number}" for number in range(2)]
    nodes = linearly_connect_tasks((Make(), names[0]), (Pass(), names[1]), SaveTask(tmp_path, provenance=True))
    EOWorkflow(nodes).execute()
    nodes_again = load_provenance(tmp_path).records[0].nodes
    assert [node.name for node in nodes_again[:2]] == ["make?token=***", "make?token=***_1"]


def test_secrets_in_the_name_of_a_node_are_masked(tmp_path: Path) -> None:
    nodes = linearly_connect_tasks((Make(), "make?token=abc123def456ghi789"), SaveTask(tmp_path, provenance=True))
    EOWorkflow(nodes).execute()
    assert load_provenance(tmp_path).records[0].nodes[0].name == "make?token=***"


def test_secret_is_named_so_that_it_can_be_filled_in() -> None:
    _, script = texts_of(Make(password="abc123"), {})
    assert "# password: ***, a secret\npassword = ...\n" in script
    assert "Make(password=password)" in script
