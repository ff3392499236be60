"""`gen set`, `gen promote` and `gen list --values`: the schema types a value, one value changes."""

import difflib
import re
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import environment, yaml
from generator.environment import edit, keys, messages
from tests.trees import MINIMAL, ROOT, tree


@pytest.fixture
def copy(repo, gen):
    """This repository's environments, rendered."""
    shutil.copytree(ROOT / "environments", repo / "environments", dirs_exist_ok=True)
    gen("render", "--quiet")
    return repo


def changed(repo, before):
    after = tree(repo)
    return {path for path in {*before, *after} if before.get(path) != after.get(path)}


def lines(before, after):
    difference = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in difference if line[0] in "+-"]


def test_set_edits_one_line_and_renders(copy, gen):
    before = tree(copy)
    gen("set", "--env", "prod", "apps.mlflow.replicas=3")
    after = tree(copy)
    file = "environments/prod.yaml"
    assert lines(before[file], after[file]) == ["-     replicas: 1", "+     replicas: 3"]
    assert changed(copy, before) > {file}
    assert all("prod" in path for path in changed(copy, before))
    gen("check", "--quiet")


def test_the_second_time_changes_nothing(copy, gen):
    arguments = ("set", "--env", "prod", "apps.mlflow.replicas=3", "azure.tags.team=ml")
    gen(*arguments)
    before = tree(copy)
    assert gen(*arguments).output == ""
    assert tree(copy) == before


@pytest.mark.parametrize(
    ("pair", "line"),
    [
        ("apps.mlflow.auth.admin=3.10", "admin: '3.10'"),
        ("apps.mlflow.auth.admin=007", "admin: '007'"),
        ("apps.mlflow.replicas=3", "replicas: 3"),
        ("cluster.nodes.max_count=4", "max_count: 4"),
        ("apps.mlflow.image.migrate_without_denials=false", "migrate_without_denials: false"),
        ("azure.tags.on=no", "'on': 'no'"),
        ("azure.tags.a.b=1", "a.b: '1'"),
        ("azure.tags.a: #b=c: #d", "'a: #b': 'c: #d'"),
        (
            "apps.mlflow.exposure.allowed_networks=[10.0.0.0/8, 0.0.0.0/0]",
            "[10.0.0.0/8, 0.0.0.0/0]",
        ),
        ("apps.mlflow.exposure.allowed_networks=10.0.0.0/8", "allowed_networks: [10.0.0.0/8]"),
        ("apps.mlflow.exposure.allowed_networks[0]=10.0.0.0/8", "allowed_networks: [10.0.0.0/8]"),
        (
            "apps.mlflow.exposure.hosts=[[2001:db8::5],a.example:8443, b.example.]",
            "hosts: ['[2001:db8::5]', 'a.example:8443', b.example.]",
        ),
    ],
)
def test_a_value_is_typed_by_the_schema_not_by_its_look(copy, gen, pair, line):
    gen("set", "--env", "prod", pair)
    assert line in (copy / "environments/prod.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["nope=1"],
            "nope: unknown key; known here: azure, git, cluster, secrets, notifications, apps",
        ),
        (["azure.locatoin=x"], "azure.locatoin: unknown key; did you mean location?"),
        (["azure=1"], "azure: holds keys (subscription, location, resource_group, tags); set one"),
        (["azure.tags=1"], "azure.tags: holds keys (any name); set one of them"),
        (["cluster.name.x=1"], "cluster.name.x: cluster.name holds one value, and no keys"),
        (["cluster.name[0]=1"], "cluster.name: is no list"),
        (["apps.mlflow.exposure.allowed_networks[7]=10.0.0.0/8"], "give the whole list: apps.ml"),
        (["apps.mlflow.replicas=many"], "must be a whole number, not the text 'many'"),
        (["apps.mlflow.image.migrate_without_denials=yes"], "must be true or false, not the text"),
        (["apps.mlflow.replicas=11"], "11: must be at most 10"),
        (["apps.mlflow.image.tag=latest"], "'latest' is another image every week"),
        (["--unset", "cluster.nmae"], "cluster.nmae: unknown key; did you mean name?"),
        (["--unset", "cluster.name"], "cluster.name: is missing; add it: The cluster's name"),
        (["apps.mlflow.artifacts.account=mlflowdev0aa3981a"], "is dev's too"),
        (["=3"], "prod.yaml: a key is missing; write one, such as apps.mlflow.replicas"),
        (["--unset", ""], "prod.yaml: a key is missing; write one, such as apps.mlflow.replicas"),
        *(
            ([f"apps.mlflow.exposure.allowed_networks={text}"], problem)
            for text, problem in {
                "[10.0.0.0/8": "'[10.0.0.0/8': a [ without its ]; write [a,b]",
                "10.0.0.0/8]": "'10.0.0.0/8]': a ] without its [; write [a,b]",
                "10.0.0.0/8,,::/0": "'10.0.0.0/8,,::/0': an empty item; write [a,b]",
                "[10.0.0.0/8,]": "'[10.0.0.0/8,]': an empty item; write [a,b]",
                "": "is empty; write [] for none",
            }.items()
        ),
    ],
)
def test_nothing_is_written_when_the_result_is_wrong(copy, gen, arguments, problem):
    before = tree(copy)
    assert problem in gen("set", "--env", "prod", *arguments, exit_code=1).output
    assert tree(copy) == before


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "nothing to change"),
        (["replicas"], "write KEY=VALUE"),
        (["cluster.name=a", "cluster.name=b"], "is given twice"),
        (["cluster.name=a", "--unset", "cluster.name"], "is set and unset at once"),
    ],
)
def test_usage(copy, gen, arguments, problem):
    assert problem in gen("set", "--env", "prod", *arguments, exit_code=2).output


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("/etc/passwd", "environments: an environment's name: '/etc/passwd': must be a DNS label"),
        ("", "environments: an environment's name: '': must be a DNS label"),
        ("qa", "environments/qa.yaml: no such environment; known: "),
    ],
)
def test_the_environment_is_judged_before_its_keys(copy, gen, name, problem):
    for arguments in (["set", "--env", name, "a=b"], ["promote", "--from", name, "--to=dev", "a"]):
        (line,) = gen(*arguments, exit_code=1).output.splitlines()
        assert line.startswith(problem)


def test_every_wrong_key_is_told_at_once(copy, gen):
    output = gen("set", "--env", "prod", "a=1", "b=2", "--unset", "c", exit_code=1).output
    assert [line.split(": ")[1] for line in output.splitlines()] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "location", "rest"),
    [
        ("a: 1 # one\nb: 2\n", ("a",), "b: 2\n"),
        ("# top\na:\n  b: 1\n  # why\n  c: 2\n", ("a", "b"), "# top\na:\n  # why\n  c: 2\n"),
        ("a:\n  b: 1\nc: 2\n", ("a", "b"), "c: 2\n"),
        ("a: {b: 1, c: 2}\n", ("a", "b"), "a: {c: 2}\n"),
        ("a: {b: 1, c: 2} # why\n", ("a", "c"), "a: {b: 1} # why\n"),
        ("a: {b: 1, # one\n  c: 2}\n", ("a", "c"), "a: {b: 1, # one\n  }\n"),
        ("a: {b: 1}\nc: 2\n", ("a", "b"), "c: 2\n"),
        ("a: [x, y]\n", ("a", 1), "a: [x]\n"),
        ("a:\n  - x\n  - y # why\n  - z\n", ("a", 1), "a:\n  - x\n  - z\n"),
        ("a:\nb: 1\n", ("a",), "b: 1\n"),
        ("a: |\n  two\n  lines\n\nb: 1\n", ("a",), "\nb: 1\n"),
        ("b: 1\na: 2", ("a",), "b: 1\n"),
        ("a: 1\r\nb: 2\r\n", ("a",), "b: 2\r\n"),
        ("a: 1\n", ("b",), "a: 1\n"),
    ],
)
def test_what_is_removed_takes_nothing_along(text, location, rest):
    assert edit.remove(text, [location]) == rest


def test_lines_of_windows_stay_so():
    assert edit.assign("a:\r\n  b: 1\r\n", {("a", "c"): 2}) == "a:\r\n  b: 1\r\n  c: 2\r\n"


def test_promote_shows_then_carries_the_image_over(copy, gen):
    gen("set", "--env", "staging", "apps.mlflow.image.tag=2.22.1")
    before = tree(copy)
    refused = gen("promote", "--from", "staging", "--to", "prod", input="n\n", exit_code=1)
    assert "apps.mlflow.image.tag: 2.22.0 -> 2.22.1\n" in refused.output
    assert tree(copy) == before
    gen("promote", "--from", "staging", "--to", "prod", "--yes")
    file = "environments/prod.yaml"
    assert lines(before[file], tree(copy)[file]) == ["-       tag: 2.22.0", "+       tag: 2.22.1"]
    again = gen("promote", "--from", "staging", "--to", "prod", "--yes")
    assert again.output == "prod has the values of staging already\n"


def test_promote_carries_defaults_and_absences_too(copy, gen):
    gen("promote", "--from", "staging", "--to", "dev", "apps.mlflow.database", "--yes")
    assert "storage: 8Gi" in (copy / "environments/dev.yaml").read_text(), "staging's default"
    digest = f"sha256:{'0' * 64}"
    gen("set", "--env", "prod", f"apps.mlflow.image.digest={digest}")
    shown = gen("promote", "--from", "staging", "--to", "prod", "--yes").output
    assert f"apps.mlflow.image.digest: {digest} -> none\n" in shown
    assert "digest" not in (copy / "environments/prod.yaml").read_text()


def test_promote_leaves_to_each_environment_whether_its_denials_are_dropped(copy, gen):
    denials = "apps.mlflow.image.migrate_without_denials"
    gen("set", "--env", "staging", "apps.mlflow.image.tag=3.16.0", f"{denials}=true")
    arguments = ("promote", "--from", "staging", "--to", "prod", "--yes")
    assert "3.16.0" in (shown := gen(*arguments).output)
    assert denials not in shown
    assert f"{denials}: false -> true\n" in gen(*arguments, denials).output


def test_promote_refuses_what_two_environments_cannot_share(copy, gen):
    before = tree(copy)
    arguments = ("promote", "--from", "staging", "--to", "prod", "apps.mlflow.artifacts", "--yes")
    assert "is staging's too" in gen(*arguments, exit_code=1).output
    assert tree(copy) == before


def test_list_values_shows_what_differs(copy, gen):
    rows = [line.split() for line in gen("list", "--values").output.splitlines()]
    assert rows[0] == ["VALUE", "DEV", "PROD", "STAGING"]
    assert ["apps.mlflow.replicas", "1", "1", "2"] in rows
    assert not any(row[0] == "git.url" for row in rows)
    every = gen("list", "--values", "--all").output
    assert "git.url" in every
    assert len(every.splitlines()) == 1 + len(
        {where for env in environment.load(copy) for where, _ in keys.leaves(env)}
    )


# Files as people write them: any order, quotes, comments, blank lines, flow or block, any indent.

_WORDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=3, max_size=9).map("x".__add__)
_VALUES = {
    ("azure", "location"): _WORDS,
    ("azure", "resource_group"): _WORDS,
    ("azure", "tags", "owner"): st.text("abc '\"#:,[]{}é1", max_size=12),
    ("git", "branch"): _WORDS,
    ("cluster", "kubernetes_version"): st.sampled_from(["1.35", "1.36", "1.37"]),
    ("cluster", "nodes", "count"): st.integers(1, 100),
    ("apps", "mlflow", "image", "tag"): st.sampled_from(["2.22.0", "2.22.1", "3.16.0"]),
    ("apps", "mlflow", "workers"): st.integers(1, 4),
    ("apps", "mlflow", "auth", "admin"): st.sampled_from(
        ["on", "123", "3.10", "1e3", "0x1f", "no", "root@example.org"]
    ),
    ("apps", "mlflow", "exposure", "allowed_networks"): st.lists(
        st.integers(0, 255).map("10.{}.0.0/16".format), min_size=1, max_size=3
    ),
    ("apps", "mlflow", "database", "storage"): st.integers(1, 99).map("{}Gi".format),
}
_BREAKS = st.sampled_from(["", "", "\n", "# a comment: {x}\n", "\n# two\n# lines\n"])


@st.composite
def files(draw):
    """An environment file in any hand, and the values that it does not leave out."""
    values = yaml.read(MINIMAL).values
    for location in draw(st.lists(st.sampled_from(sorted(_VALUES)), unique=True)):
        inner = values
        for key in location[:-1]:
            inner = inner.setdefault(key, {})
        inner[location[-1]] = draw(_VALUES[location])
    return "# top\n" + _block(draw, values, 0)


def _block(draw, values, column):
    width = draw(st.sampled_from([2, 3, 4]))
    text = ""
    for key in draw(st.permutations(sorted(values))):
        value, comment = values[key], draw(st.sampled_from(["", "", "  # why: it is so"]))
        lead = "".join(
            f"{' ' * column}{line}\n" if line else "\n" for line in draw(_BREAKS).splitlines()
        )
        flat = draw(st.booleans()) and column > 0
        if isinstance(value, dict) and not flat:
            inner = _block(draw, value, column + width)
            text += f"{lead}{' ' * column}{key}:{comment}\n{inner}"
        elif isinstance(value, list) and not flat:
            items = "".join(f"{' ' * column}- {_scalar(draw, item)}\n" for item in value)
            text += f"{lead}{' ' * column}{key}:{comment}\n{items}"
        else:
            text += f"{lead}{' ' * column}{key}: {_flow(draw, value)}{comment}\n"
    return text


def _flow(draw, value):
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(draw, item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_flow(draw, item) for item in value)}]"
    return _scalar(draw, value)


def _scalar(draw, value):
    if not isinstance(value, str):
        return str(value)
    style = draw(st.sampled_from(["'", '"', ""]))
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    is_plain = re.fullmatch(r"[a-z][a-z/]*", value) and value not in ("no", "on")
    if style == "" and is_plain:
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _comments(text):
    return re.findall(r"(?:^|  )#.*", text, re.MULTILINE)


@settings(max_examples=200)
@given(files(), st.data())
def test_only_the_value_changes_in_200_files(text, data):
    location = data.draw(st.sampled_from(sorted(_VALUES)))
    value = data.draw(_VALUES[location])
    expected = yaml.read(text).values
    inner = expected
    for key in location[:-1]:
        inner = inner.setdefault(key, {})
    inner[location[-1]] = value
    spoken = keys.spoken(value)
    typed = keys.typed(keys.location(messages.key(location)), spoken)
    assert typed == value, "the schema types it"

    result = edit.assign(text, {location: typed})

    assert yaml.read(result).values == expected
    assert environment.check("x", environment.parse("x", result)), "such files are real ones"
    assert _comments(result) == _comments(text)
    assert edit.assign(result, {location: typed}) == result, "the second time changes nothing"
    blocks = [
        code
        for code in difflib.SequenceMatcher(
            None, text.splitlines(), result.splitlines(), autojunk=False
        ).get_opcodes()
        if code[0] != "equal"
    ]
    assert len(blocks) <= 1, "one place"

    gone = edit.remove(result, [location])
    rest = yaml.read(gone).values
    assert _at(rest, location) is None
    assert [line for line in _comments(gone) if line.startswith("#")] == [
        line for line in _comments(text) if line.startswith("#")
    ], "comments in lines of their own survive"


def _at(values, location):
    for key in location:
        values = values.get(key) if isinstance(values, dict) else None
    return values
