"""How rendered files reach the disk: only what differs, only what is gen's, and never by half."""

import errno
import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import files, repository
from generator.errors import GenError
from generator.files import File, header
from tests.trees import tree, write

FOLDER = PurePosixPath("clusters/test")
A = File(FOLDER / "a.yaml", header("test") + "a: 1\n")
B = File(FOLDER / "deeper/b.sh", "#!/bin/sh\n" + header("test"), executable=True)


def render(repo, *rendered):
    changes = repository.changes(repo, rendered, repository.folders(repo, ["clusters/*"]))
    repository.apply(repo, changes)
    return [(change.verb, str(change.path)) for change in changes]


def test_creates_updates_deletes_and_then_has_nothing_to_do(repo):
    assert render(repo, A, B) == [
        ("create", "clusters/test/a.yaml"),
        ("create", "clusters/test/deeper/b.sh"),
    ]
    assert os.access(repo / B.path, os.X_OK)
    assert not os.access(repo / A.path, os.X_OK)
    changed = File(A.path, A.text + "b: 2\n")
    assert render(repo, changed) == [
        ("update", "clusters/test/a.yaml"),
        ("delete", "clusters/test/deeper/b.sh"),
    ]
    assert not (repo / "clusters/test/deeper").exists(), "an empty folder goes with its files"
    assert render(repo, changed) == []


def test_a_lost_executable_bit_is_a_change(repo):
    render(repo, B)
    (repo / B.path).chmod(0o644)
    (change,) = repository.changes(repo, [B], [FOLDER])
    assert change.diff() == "clusters/test/deeper/b.sh: becomes executable\n"
    assert render(repo, B) == [("update", "clusters/test/deeper/b.sh")]


def test_what_has_no_marker_is_never_deleted(repo):
    render(repo, A)
    write(repo, "clusters/test/flux-system/gotk-sync.yaml", "kind: GitRepository\n")
    write(repo, "clusters/test/secrets.sops.yaml", "sops: {}\n")
    (repo / "clusters/test/binary").write_bytes(b"\xff\xfe")
    (repo / "clusters/test/link").symlink_to("a.yaml")
    before = sorted(repo.rglob("*"))

    assert render(repo) == [("delete", "clusters/test/a.yaml")]

    assert sorted(repo.rglob("*")) == [path for path in before if path != repo / A.path]


def test_the_file_of_an_interrupted_run_is_cleared(repo):
    left = write(repo, f"clusters/test/.a.yaml{files.TEMPORARY}", "half")
    render(repo, A)
    assert not left.exists()


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        (lambda path: path.write_text("mine: true\n"), "is not gen's (no marker on its first"),
        (lambda path: path.mkdir(), "is a directory where gen writes a file"),
        (lambda path: path.symlink_to("nowhere"), "is not gen's"),
    ],
)
def test_what_is_in_the_way_stays(block, problem, repo):
    (repo / FOLDER).mkdir(parents=True)
    block(repo / A.path)
    with pytest.raises(GenError) as raised:
        render(repo, B, A)
    assert str(raised.value.problems[0]).startswith(f"clusters/test/a.yaml: {problem}")
    assert not (repo / B.path).exists(), "nothing is written when anything is wrong"


def test_a_file_where_a_folder_belongs(repo):
    write(repo, "clusters", "a file\n")
    with pytest.raises(GenError) as raised:
        render(repo, A)
    assert "cannot be written: clusters is a file" in str(raised.value.problems[0])


def test_a_linked_folder_is_not_followed(repo, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (repo / "clusters").mkdir()
    (repo / FOLDER).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GenError) as raised:
        render(repo, A)
    assert str(raised.value.problems[0]).startswith("clusters/test: is a symbolic link")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_that_may_not_be_written(repo):
    """As a user without root's powers: root may write anywhere."""
    (repo / FOLDER).mkdir(parents=True)
    (repo / FOLDER).chmod(0o555)
    for folder in [repo, *repo.parents]:
        if folder.owner() == "root" and os.geteuid() == 0 and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    script = (
        "import os, sys; from pathlib import PurePosixPath, Path\n"
        "from generator import repository; from generator.files import File\n"
        "os.geteuid() or os.setuid(65534)\n"
        "repository.changes(Path(sys.argv[1]), [File(PurePosixPath(sys.argv[2]), '')], [])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(repo), str(A.path)], capture_output=True, text=True
    )
    assert "clusters/test is not writable; chmod u+w clusters/test" in result.stderr


def test_a_full_disk_leaves_every_file_old_or_new(repo):
    """The file-size limit of a process makes the kernel refuse a write half-way."""
    render(repo, A)
    large = File(FOLDER / "large.yaml", header("test") + "x" * 100_000)
    before = tree(repo)
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "from pathlib import PurePosixPath as P, Path\n"
        "from generator import repository; from generator.files import File\n"
        f"new = File(P('{A.path}'), {A.text + 'new: 1'!r})\n"
        f"large = File(P('{large.path}'), {header('test')!r} + 'x' * 100_000)\n"
        "root, owned = Path(sys.argv[1]), [P('clusters/test')]\n"
        "try: repository.apply(root, repository.changes(root, [new, large], owned))\n"
        "except repository.GenError as error: print(error.message)\n"
    )
    # Coverage's own data file would meet the limit too.
    environment = {name: os.environ[name] for name in os.environ if "COVERAGE" not in name}
    result = subprocess.run(
        [sys.executable, "-c", script, str(repo)], env=environment, capture_output=True, text=True
    )
    assert result.stderr == ""
    assert result.stdout == (
        "clusters/test/large.yaml: could not be written: File too large; "
        "1 files before it were. Run again\n"
    )
    assert tree(repo) == {**before, str(A.path): A.text + "new: 1"}


def test_a_write_that_fails_leaves_no_trace(repo, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(GenError, match=r"a\.yaml: could not be written: No space left on device"):
        render(repo, A)
    assert tree(repo) == {}


@given(st.text().filter(lambda text: "\r" not in text))
def test_a_diff_holds_every_line(text):
    change = repository.Change(A.path, None, File(A.path, text))
    added = [line for line in change.diff().split("\n") if line[:1] == "+"][1:]
    assert not text or added
