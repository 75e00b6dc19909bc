"""Makes the pictures of a report for docs/visualization.md, with Chromium: python docs/images/report.py."""

from __future__ import annotations

import random
import subprocess
import tempfile
import time
from pathlib import Path

from PIL import Image

from eolearn.core import EOExecutor, EONode, EOTask, EOWorkflow

HERE = Path(__file__).parent


class Wait(EOTask):
    """Takes some time and memory, as real tasks do, and fails for some names."""

    def __init__(self, seconds: float, megabytes: int):
        self.seconds, self.megabytes = seconds, megabytes

    def execute(self, *names: str, name: str = "") -> str:
        name = name or names[0]
        memory = bytearray(int(self.megabytes * 1e6 * random.uniform(0.5, 1)))  # noqa: S311
        time.sleep(self.seconds * random.lognormvariate(0, 0.3))
        if name[-2:] in ("17", "58", "59", "60") and self.megabytes == 80:
            raise FileNotFoundError(f"There is no band B08 in the folder of {name}, which has B02, B03, B04.")
        if name[-2:] == "84" and self.megabytes == 150:
            raise ValueError("The model was trained on 10 features, but this patch has 9.")
        return f"{name}{'' if memory else '?'}"


def make_report(folder: str) -> Path:
    load = EONode(Wait(0.05, 80), name="Load bands")
    clouds = EONode(Wait(0.08, 60), inputs=[load], name="Clouds")
    ndvi = EONode(Wait(0.01, 20), inputs=[load], name="NDVI")
    merge = EONode(Wait(0.002, 30), inputs=[clouds, ndvi], name="Merge")
    predict = EONode(Wait(0.15, 150), inputs=[merge], name="Predict land cover")
    workflow = EOWorkflow.from_endnodes(EONode(Wait(0.03, 5), inputs=[predict], name="Save"))
    names = [f"eopatch-{number}" for number in range(1, 101)]
    executor = EOExecutor(
        workflow, [{load: {"name": name}} for name in names], execution_names=names, logs_folder=folder
    )
    executor.run(workers=4)
    executor.make_report()
    return Path(executor.get_report_path())


def screenshot(page: Path, picture: Path, width: int, height: int, *, dark: bool) -> None:
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --hide-scrollbars"
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    size = f"--window-size={width},{height}"
    with tempfile.TemporaryDirectory() as profile:
        more = [scheme, size, f"--user-data-dir={profile}", f"--screenshot={picture}", page.as_uri()]
        subprocess.run(["chromium", *flags.split(), *more], check=True, stderr=subprocess.DEVNULL)  # noqa: S603, S607
    with Image.open(picture) as image:
        small = image.convert("RGB").quantize(64)
    small.save(picture, optimize=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        report = make_report(folder)
        screenshot(report, HERE / "report.png", 1000, 1900, dark=False)
        screenshot(report, HERE / "report_phone.png", 390, 1900, dark=True)
