"""tools/ and the cluster's images -> installed before the first test, with the seconds each took.

A test installs what it lacks by itself, and a new clone's first one would spend its timeout on a
build of minutes. Whoever runs every test installs first: `make programs`, `make images`.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from generator import programs
from generator.errors import GenError
from tests.cluster import published
from tests.cluster.rig import CannotRun, images
from tests.trees import ROOT

FIRST = ("kubernetes", "source-controller")
"""The longest builds: what is short fills the other processor beside them."""

NOT_TESTED = ("flate", "go", "trivy")
"""A peer of `make bench`, the compiler where the machine has none, and `make prove`'s scanner."""

Install = Callable[[], object]


def every_program() -> dict[str, Install]:
    """Name of a folder of tools/ -> what installs it, the longest first."""
    names = sorted({path.name for path in (ROOT / programs.FOLDER).iterdir()} - {*NOT_TESTED})
    names.sort(key=lambda name: name not in FIRST)
    return {name: partial(programs.install, ROOT, name, say=_say) for name in names}


def every_image() -> dict[str, Install]:
    """Name of an image -> what makes its archive. Needs root."""
    made = (*published.ALL, published.MLFLOW_3)
    return {image.name: partial(images.archive, image, _say) for image in made}


def install(steps: Mapping[str, Install]) -> dict[str, float]:
    """Do all steps, two at a time; return the seconds of each. Raises the first step's error."""
    with ThreadPoolExecutor(2) as pool:
        timed = {name: pool.submit(_seconds, step) for name, step in steps.items()}
        return {name: future.result() for name, future in timed.items()}


def _seconds(step: Install) -> float:
    start = time.monotonic()
    step()
    return time.monotonic() - start


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    """Install `programs` or `images`, and print a line for each that was not there."""
    steps = {"programs": every_program, "images": every_image}
    parser = argparse.ArgumentParser(prog="python -m tests.install")
    parser.add_argument("what", choices=steps)
    what = parser.parse_args().what
    start = time.monotonic()
    try:
        took = install(steps[what]())
    except (GenError, CannotRun) as error:
        sys.exit(str(error))
    for name, seconds in took.items():
        if seconds >= 1:
            print(f"{seconds:7.0f} s  {name}")
    print(f"{time.monotonic() - start:7.0f} s  all {len(took)} {what}")


if __name__ == "__main__":
    main()
