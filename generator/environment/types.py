"""The texts an environment file may hold: each type is a pattern and the same rule in words.

Azure does not say its naming rules before the request fails, so they are checked here. The
rules are those of Azure's documentation, "Naming rules and restrictions for Azure resources".
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True)
class Text:
    """What a string must match, from its first character to its last, and the rule in words."""

    words: str
    pattern: str

    def check(self, text: str) -> str:
        """Return `text`. Raises ValueError with the rule in words."""
        if "${" in text:
            raise ValueError("must not hold ${: Flux would substitute what follows")
        if not re.fullmatch(self.pattern, text, re.ASCII):
            raise ValueError(f"{text!r}: must be {self.words}")
        return text

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}


ENVIRONMENT_NAME = Text(
    "a DNS label: 1 to 20 of a-z, 0-9 and -, first a letter, last a letter or digit",
    r"[a-z]([-a-z0-9]{0,18}[a-z0-9])?",
)
EnvironmentName = Annotated[str, ENVIRONMENT_NAME]
DnsLabel = Annotated[
    str,
    Text(
        "a DNS label: 3 to 63 of a-z, 0-9 and -, first a letter, last a letter or digit",
        r"[a-z][-a-z0-9]{1,61}[a-z0-9]",
    ),
]
HostName = Annotated[
    str,
    Text(
        "a host's full name in lower case, such as mlflow.example.com",
        r"(?=.{4,253}$)([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])",
    ),
]

_HOST = Text(
    "a host as people type it, without https:// and path: a name, an IPv4 address, or an IPv6 "
    "address in brackets, such as mlflow.example.com, 10.0.0.5 or [2001:db8::5]",
    r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9][-.A-Za-z0-9]{0,253})(:[0-9]{1,5})?",
)
_NAME = re.compile(r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


def host(text: str) -> str:
    """Return a host in the one spelling that is compared: a browser's.

    Case, a final full stop and a port make no difference. Raises ValueError for what is no host.
    """
    name = re.sub(r":[0-9]+$", "", _HOST.check(text)).lower().removesuffix(".")
    try:
        if name.startswith("["):
            return f"[{ipaddress.IPv6Address(name[1:-1]).compressed}]"
        # To a browser what ends in a number is an address.
        if name.rpartition(".")[2].isdigit():
            return str(ipaddress.IPv4Address(name))
    except ValueError:
        raise ValueError(f"{text!r}: is no address") from None
    if len(name) > 253 or not _NAME.fullmatch(name):  # as DNS has it
        raise ValueError(f"{text!r}: must be {_HOST.words}")
    return name


Host = Annotated[str, _HOST, AfterValidator(host)]

Uuid = Annotated[
    str,
    Text(
        "a UUID in lower case, such as 0f9619ff-8b86-4d01-b42d-00cf4fc964ff",
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ),
]
Location = Annotated[
    str, Text("an Azure region by its short name, such as centralindia", r"[a-z][a-z0-9]{2,29}")
]
ResourceGroup = Annotated[
    str,
    Text(
        "a resource group's name: 1 to 90 letters, digits and -_.(), the first no -, the last no .",
        r"(?!-)[-\w.()]{0,89}[-\w()]",
    ),
]
ClusterName = Annotated[
    str,
    Text(
        "an AKS cluster's name: 1 to 63 letters, digits, - and _, first and last a letter or digit",
        r"[A-Za-z0-9]([-\w]{0,61}[A-Za-z0-9])?",
    ),
]
DiskName = Annotated[
    str,
    Text(
        "a disk's name: 1 to 80 letters, digits, - and _, the first a letter or digit",
        r"[A-Za-z0-9][-\w]{0,79}",
    ),
]
StorageAccount = Annotated[
    str, Text("a storage account's name: 3 to 24 of a-z and 0-9, nothing else", r"[a-z0-9]{3,24}")
]
BlobContainer = Annotated[
    str,
    Text(
        "a blob container's name: 3 to 63 of a-z, 0-9 and -, no - at an end, no two in a row",
        r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]",
    ),
]
KeyVaultName = Annotated[
    str,
    Text(
        "a key vault's name: 3 to 24 letters, digits and -, first a letter, last no -, "
        "no two - in a row",
        r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]",
    ),
]


def _not_azures(tag: str) -> str:
    if tag.lower().startswith(("microsoft", "azure", "windows")):
        raise ValueError(
            f"{tag!r}: Azure keeps tags that begin with microsoft, azure or windows for itself"
        )
    return tag


TagName = Annotated[
    str,
    Text(  # 128 is a storage account's limit; other resources take more
        r"a tag's name: 1 to 128 characters without < > % & \ ? / =, the first no -",
        r"(?!-)[^<>%&\\?/=\x00-\x1f\x7f]{1,128}",  # az splits at the first =, - begins an option
    ),
    AfterValidator(_not_azures),
]
TagValue = Annotated[
    str,
    Text(
        "a tag's value: at most 256 characters, the first no @, no control characters",
        r"(?!@)[^\x00-\x1f\x7f]{0,256}",  # az reads a file for @
    ),
]

Cpu = Annotated[str, Text("CPU as Kubernetes writes it, such as 250m or 2", r"[1-9][0-9]{0,5}m?")]
Memory = Annotated[
    str, Text("memory as Kubernetes writes it, such as 512Mi or 2Gi", r"[1-9][0-9]{0,5}(Mi|Gi)")
]


_LARGEST_DISK = 32767


def _fits_a_disk(storage: str) -> str:
    if int(storage[:-2]) * {"Gi": 1, "Ti": 1024}[storage[-2:]] > _LARGEST_DISK:
        raise ValueError(f"{storage!r}: Azure's largest disk is {_LARGEST_DISK}Gi")
    return storage


Storage = Annotated[
    str,
    Text("a disk's size, such as 8Gi or 1Ti", r"[1-9][0-9]{0,4}(Gi|Ti)"),
    AfterValidator(_fits_a_disk),
]

_COMPONENT = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
ImageName = Annotated[
    str,
    Text(
        "an image's name without its tag, such as burakince/mlflow or ghcr.io/mlflow/mlflow",
        rf"([a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{{1,5}})?/)?{_COMPONENT}(/{_COMPONENT})*",
    ),
]
Digest = Annotated[str, Text("a digest: sha256: and 64 of 0-9 and a-f", r"sha256:[0-9a-f]{64}")]
UserName = Annotated[
    str, Text("a user name: 1 to 64 letters, digits and @._-", r"[A-Za-z0-9][A-Za-z0-9@._-]{0,63}")
]
GitBranch = Annotated[
    str,
    Text(
        "a branch's name: letters, digits and ._/-, no two full stops in a row",
        r"(?!.*(\.\.|//|\.lock(/|$)|/\.))[A-Za-z0-9][A-Za-z0-9._/-]{0,199}(?<![./])",
    ),
]


def _git_url(text: str) -> str:
    if scp := re.fullmatch(r"([\w.-]+@)?([A-Za-z0-9.-]+):(?!//)([\w./~-]+)", text, re.ASCII):
        user, host, path = scp.groups()
        raise ValueError(
            f"{text!r}: Flux does not read this short form; write "
            f"ssh://{user or 'git@'}{host}/{path.lstrip('/')}"
        )
    if re.match(r"https?://[^/]*@", text):
        raise ValueError("must not hold a user or password; a token is given by git.auth: token")
    url = urlsplit(_GIT_URL.check(text))
    host, _, port = url.netloc.rpartition("@")[2].partition(":")
    if port and not 1 <= int(port) <= 65535:
        raise ValueError(f"{text!r}: {port} is no port, 1 to 65535")
    if host.lower() == "github.com" and not re.fullmatch(r"/[^/]+/[^/]+/?", url.path):
        raise ValueError(
            f"{text!r}: names no repository; on github.com the path is /OWNER/REPOSITORY"
        )
    return text


_GIT_URL = Text(
    "a repository's address: https://HOST/PATH or ssh://git@HOST/PATH",
    r"(https://|ssh://([A-Za-z0-9._-]+@)?)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?"
    r"(/[A-Za-z0-9._~-]+)+/?",
)
GitUrl = Annotated[str, AfterValidator(_git_url)]


def _image_tag(text: str) -> str:
    if text == "latest":
        raise ValueError("'latest' is another image every week; name a version, such as 2.22.0")
    return IMAGE_TAG.check(text)


IMAGE_TAG = Text(
    "an image's tag: 1 to 128 letters, digits and ._-, first no . or -", r"\w[\w.-]{0,127}"
)
ImageTag = Annotated[str, AfterValidator(_image_tag)]


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r}: must be a network, such as 203.0.113.0/24") from None
    if network.version != 4:
        raise ValueError(f"{text!r}: the balancer has an IPv4 address alone; name IPv4 networks")
    if str(network) != text:
        raise ValueError(f"{text!r}: names an address inside a network; write {network}")
    return text


Network = Annotated[str, AfterValidator(_network)]


_CRON = re.compile(r"(?:\*|([0-9]+)(?:-([0-9]+))?)(?:/([0-9]+))?")
_CRON_FIELDS = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day of the month": (1, 31),
    "month": (1, 12),
    "day of the week": (0, 6),
}
_SCHEDULE = Text(
    "a schedule as cron writes it: minute, hour, day of the month, month and day of the week, "
    "such as 17 2 * * *",
    r"[0-9*,/-]+( [0-9*,/-]+){4}",
)


def _schedule(text: str) -> str:
    fields = zip(_SCHEDULE.check(text).split(" "), _CRON_FIELDS.items(), strict=True)
    for field, (name, (least, most)) in fields:
        for part in field.split(","):
            match = _CRON.fullmatch(part)
            first, last, step = match.groups() if match else (None, None, "0")
            ends = [int(end) for end in (first, last) if end]
            in_order = ends == sorted(ends) and all(least <= end <= most for end in ends)
            if not in_order or (step and not 1 <= int(step) <= most):
                raise ValueError(f"{text!r}: {part!r} is no {name}, {least} to {most}")
    return text


Schedule = Annotated[str, AfterValidator(_schedule)]


def millicores(cpu: str) -> int:
    """Return a `Cpu` in thousandths of a core."""
    return int(cpu[:-1]) if cpu.endswith("m") else int(cpu) * 1000


def mebibytes(memory: str) -> int:
    """Return a `Memory` in MiB."""
    return int(memory[:-2]) * {"Mi": 1, "Gi": 1024}[memory[-2:]]
