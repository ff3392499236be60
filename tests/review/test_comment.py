"""`gen comment` on a server that answers as GitHub's REST interface does."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from generator.cli import gen as command
from generator.review.formats import json as form
from generator.review.formats import markdown
from generator.review.model import Level
from tests.review.reports import environment, report

REPOSITORY = "example/mlflow-gitops"
FORK = "stranger/mlflow-gitops"
SHA = "a" * 40
BOT = {"login": "github-actions[bot]", "type": "Bot"}
STRANGER = {"login": "stranger", "type": "User"}


class Hub(ThreadingHTTPServer):
    """Pull requests and comments; every call is kept."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pulls, self.comments, self.calls, self.status = [], [], [], 200

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def pull(self, number=7, sha=SHA, source=FORK):
        head = {"sha": sha, "repo": {"full_name": source}, "label": f"{source.split('/')[0]}:x"}
        self.pulls.append({"number": number, "head": head, "state": "open"})

    def comment(self, body, user=BOT):
        self.comments.append({"id": len(self.comments) + 1, "body": body, "user": user})


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def called(self):
        path, _, query = self.path.removeprefix(f"/repos/{REPOSITORY}/").partition("?")
        self.server.calls.append((self.command, path, self.headers["Authorization"]))
        return path, dict(pair.split("=") for pair in query.split("&") if pair)

    def do_GET(self):
        path, query = self.called()
        if self.server.status != 200:
            self.answer({"message": "no"}, self.server.status)
            return
        items = self.server.pulls if path == "pulls" else self.server.comments
        if path == "pulls":
            head = query["head"].replace("%3A", ":")
            items = [item for item in items if item["head"]["label"] == head]
        size, page = int(query["per_page"]), int(query["page"])
        self.answer(items[size * (page - 1) : size * page])

    def do_POST(self):
        path, _ = self.called()
        assert re.fullmatch(r"issues/\d+/comments", path)
        self.server.comment(self.body()["body"])
        self.answer({}, 201)

    def do_PATCH(self):
        path, _ = self.called()
        number = int(path.removeprefix("issues/comments/"))
        self.server.comments[number - 1]["body"] = self.body()["body"]
        self.answer({})


@pytest.fixture
def hub():
    with Hub() as hub:
        thread = threading.Thread(target=hub.serve_forever, args=(0.01,))
        thread.start()
        yield hub
        hub.shutdown()
        thread.join()


@pytest.fixture
def post(hub, tmp_path, monkeypatch):
    def post(files, source=FORK, exit_code=0, event=None):
        folder = tmp_path / "reports"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        run = {"head_sha": SHA, "head_branch": "x", "head_repository": {"full_name": source}}
        given = {"workflow_run": run, "repository": {"full_name": REPOSITORY}}
        file = tmp_path / "event.json"
        if isinstance(event, bytes):
            file.write_bytes(event)
        else:
            file.write_text(json.dumps(given if event is None else event))
        monkeypatch.setenv("GITHUB_API_URL", hub.address)
        monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(file))
        monkeypatch.setenv("GITHUB_TOKEN", "token-of-the-run")
        result = CliRunner().invoke(command, ["comment", str(folder)])
        assert result.exit_code == exit_code, result.output
        assert "token-of-the-run" not in result.output
        return result.output

    return post


def review(level=Level.RESTART):
    return form.write(report(environment("prod", level)))


def test_the_first_time_it_posts_then_it_updates_in_place(hub, post):
    hub.pull()
    assert post({"review.json": review()}) == "review.json: posted on #7\n"
    assert post({"review.json": review()}) == "review.json: kept on #7\n"
    assert post({"review.json": review(Level.DANGER)}) == "review.json: updated on #7\n"
    assert len(hub.comments) == 1
    assert "Merging this: dangerous" in hub.comments[0]["body"]
    assert {authorization for _, _, authorization in hub.calls} == {"Bearer token-of-the-run"}


def test_a_strangers_comment_with_our_marker_is_left_alone(hub, post):
    hub.pull()
    hub.comment(f"{markdown.MARKER}\nmine", STRANGER)
    hub.comment(f"quoted\n{markdown.MARKER}")
    post({"review.json": review()})
    assert [item["body"] for item in hub.comments[:2]] == [
        f"{markdown.MARKER}\nmine",
        f"quoted\n{markdown.MARKER}",
    ]
    assert len(hub.comments) == 3


def test_our_comment_is_found_behind_hundreds(hub, post):
    hub.pull()
    for number in range(250):
        hub.comment(f"word {number}", STRANGER)
    hub.comment(f"{markdown.MARKER}\nold")
    assert "updated" in post({"review.json": review()})
    assert len(hub.comments) == 251


@pytest.mark.parametrize(
    "pulls",
    [
        [],
        [{"sha": "b" * 40}],
        [{"source": "stranger/another"}],
        [{"number": 7}, {"number": 8}],
    ],
    ids=["none", "pushed since", "another repository", "two"],
)
def test_nothing_is_said_where_the_pull_request_is_not_certain(hub, post, pulls):
    for pull in pulls:
        hub.pull(**pull)
    assert post({"review.json": review()}).startswith("no open pull request has this commit")
    assert hub.comments == []


def test_plans_are_posted_beside_the_review_of_the_repositorys_own_branches_only(hub, post):
    hub.pull(source=REPOSITORY)
    files = {"review.json": review(), "plan-prod.txt": "+ create\n``` @all\n", "other.txt": "x"}
    post(files, source=REPOSITORY)
    assert len(hub.comments) == 2
    plan = hub.comments[0]["body"]
    assert plan.startswith("<!-- gen plan prod -->\n")
    assert "````diff\n+ create\n``` @all\n````\n" in plan
    hub.comments.clear()
    hub.pull(number=9)
    post(files)
    assert [item["body"].partition("\n")[0] for item in hub.comments] == [markdown.MARKER]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "Invalid JSON"),
        ("[]", "Input should be an object"),
        (review().replace('"version": 1', '"version": 2'), "version: Input should be 1"),
        (review().replace('"level": 2', '"level": 9'), "level: Input should be less"),
        (review().replace('"notes"', '"number": 1, "notes"'), "number: Extra inputs"),
        (" " * (9 << 20), "is larger than 8 MiB"),
    ],
)
def test_a_report_that_is_none_is_refused(hub, post, text, problem):
    hub.pull()
    output = post({"review.json": text}, exit_code=1)
    assert output.startswith("review.json: ")
    assert problem in output
    assert hub.calls == []


def test_what_github_refuses_is_said(hub, post):
    hub.pull()
    hub.status = 403
    output = post({"review.json": review()}, exit_code=1)
    assert output.startswith("GitHub: GET pulls?")
    assert "403" in output


def test_a_run_that_left_nothing(hub, post):
    hub.pull()
    assert post({}) == "no report; nothing to say\n"


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (b"", "is no JSON"),
        (b"{\xff}", "is no JSON"),
        ([], "is no workflow_run event: workflow_run.head_branch is missing"),
        ({}, "is no workflow_run event: workflow_run.head_branch is missing"),
        (
            {"workflow_run": {"head_sha": SHA, "head_branch": "x"}},
            "is no workflow_run event: repository.full_name is missing",
        ),
    ],
)
def test_another_event(post, tmp_path, event, message):
    file = tmp_path / "event.json"
    assert post({}, exit_code=1, event=event) == f"{file}: {message}; GitHub writes this file\n"


def test_no_event(post, tmp_path, monkeypatch):
    post({})
    (tmp_path / "event.json").unlink()
    result = CliRunner().invoke(command, ["comment", str(tmp_path)])
    assert result.output == f"{tmp_path / 'event.json'}: No such file or directory\n"


def test_outside_of_a_workflow(monkeypatch, tmp_path):
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    result = CliRunner().invoke(command, ["comment", str(tmp_path)])
    assert result.exit_code == 2
    assert "GITHUB_TOKEN" in result.output
