"""Markdown and the event of a workflow run -> one comment on the pull request, kept up to date.

The event is GitHub's; the report may be a stranger's. Which pull request it belongs to is therefore
looked up from the event, and never taken from the report.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from generator.validate import fields

_BOT = "github-actions[bot]"
_PAGE = 100
_PATIENCE = 30.0  # seconds


class Refused(Exception):
    """GitHub does not do what was asked; the message says why."""


@dataclass(frozen=True)
class GitHub:
    """A repository on GitHub, and a token that may write its pull requests' comments."""

    api: str
    repository: str
    token: str

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the REST interface below the repository. Raises Refused."""
        request = urllib.request.Request(  # noqa: S310 - GitHub's own address
            f"{self.api}/repos/{self.repository}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            error.close()
            raise Refused(f"{method} {path}: {error.code} {error.reason}") from None
        except (OSError, ValueError) as error:
            raise Refused(f"{method} {path}: {error}") from None

    def pages(self, path: str, **query: str) -> Iterator[Any]:
        """Yield every item of a list, page by page."""
        number = 1
        while True:
            parameters = urlencode({**query, "per_page": _PAGE, "page": number})
            items = self.call("GET", f"{path}?{parameters}")
            yield from items
            if len(items) < _PAGE:
                return
            number += 1


def event(data: bytes) -> Mapping[str, Any]:
    """Return the event that a file holds. Raises ValueError where it is none of workflow_run."""
    try:
        found = json.loads(data)
    except ValueError:
        raise ValueError("is no JSON") from None
    for keys in _EVENT:
        if not fields.text(found, *keys):
            raise ValueError(f"is no workflow_run event: {'.'.join(keys)} is missing")
    return dict(found)


_EVENT = (
    ("workflow_run", "head_branch"),
    ("workflow_run", "head_sha"),
    ("repository", "full_name"),
)


def is_own(event: Mapping[str, Any]) -> bool:
    """Whether a run's code is of the repository's own branches, not of a fork."""
    return _source(event) == fields.text(event, "repository", "full_name")


def _source(event: Mapping[str, Any]) -> str:
    """The repository that a run's code is of; empty where it is deleted."""
    return fields.text(event, "workflow_run", "head_repository", "full_name")


def pull_request(github: GitHub, event: Mapping[str, Any]) -> int | None:
    """Return the one open pull request whose newest commit the run was for, if there is one."""
    run, source = event["workflow_run"], _source(event)
    head = f"{source.partition('/')[0]}:{run['head_branch']}"
    found = [
        pull["number"]
        for pull in github.pages("pulls", state="open", head=head)
        if pull["head"]["sha"] == run["head_sha"]
        and source == (pull["head"]["repo"] or {}).get("full_name")
    ]
    return found[0] if len(found) == 1 else None


def comment(github: GitHub, number: int, body: str) -> str:
    """Post `body`, or put it in the place of the comment that starts with its first line.

    Returns what was done, in a word.
    """
    marker = body.partition("\n")[0]
    for item in github.pages(f"issues/{number}/comments"):
        # Anyone may write the marker; only our own comment is replaced.
        is_ours = item["user"]["login"] == _BOT and item["user"]["type"] == "Bot"
        if is_ours and item["body"].replace("\r\n", "\n").partition("\n")[0] == marker:
            if item["body"] == body:
                return "kept"
            github.call("PATCH", f"issues/comments/{quote(str(item['id']))}", {"body": body})
            return "updated"
    github.call("POST", f"issues/{number}/comments", {"body": body})
    return "posted"
