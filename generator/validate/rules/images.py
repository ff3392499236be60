"""Which images run must not change behind our back."""

import re
from collections.abc import Iterator

from generator.errors import Problem
from generator.validate import fields, pods
from generator.validate.cluster import Cluster

# NAME[:TAG][@DIGEST]; a colon before the last slash is a registry's port.
_IMAGE = re.compile(r"(?P<name>.*?)(:(?P<tag>[\w][\w.-]*))?(@(?P<digest>sha256:[0-9a-f]{64}))?")


def unpinned_image(cluster: Cluster) -> Iterator[Problem]:
    """An image with neither a digest nor a tag, or whose tag is `latest`."""
    for pod in pods.find(cluster.running):
        for field, container in pod.containers():
            image = fields.text(container, "image")
            found = _IMAGE.fullmatch(image)
            if found is None or not (found["tag"] or found["digest"]):
                message = f"{image or 'empty'}: has no tag; name a version"
            elif found["tag"] == "latest" and not found["digest"]:
                message = f"{image}: is another image every week; name a version"
            else:
                continue
            yield pod.object.problem(f"{field}.image", message)
