"""`gen render` and `gen check` beside a floor, for 1 to 1,000 environments: prints a table."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import medians

ROOT = Path(__file__).parents[1]
COUNTS = (1, 10, 100, 1000)
GENERATED = ("apps", "clusters", "infra")


def main() -> None:
    """Print the table, and what help costs beside Click alone."""
    print("| environments | files | floor s | render s | ratio | check s | peak MiB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for count in COUNTS:
            print(_row(Path(folder) / str(count), count), flush=True)
    print(f"\n{_help()}")


def _row(root: Path, count: int) -> str:
    _environments(root, count)
    gen = [sys.executable, "-m", "generator", "-C", str(root)]
    subprocess.run([*gen, "render", "--quiet"], check=True)
    templates = root / "templates"
    files = _templates(root, templates)

    def before(name: str) -> None:
        if name != "check":
            for generated in GENERATED:
                shutil.rmtree(root / generated, ignore_errors=True)

    costs = medians(
        {
            "floor": [sys.executable, f"{ROOT}/benchmarks/render_floor.py", root, templates],
            "render": [*gen, "render", "--quiet"],
            "check": [*gen, "check", "--quiet"],
        },
        before,
    )
    floor, render, check = costs["floor"], costs["render"], costs["check"]
    return (
        f"| {count} | {files * count} | {floor.seconds:.2f} | {render.seconds:.2f} "
        f"| {render.seconds / floor.seconds:.2f} | {check.seconds:.2f} | {render.mebibytes:.0f} |"
    )


def _environments(root: Path, count: int) -> None:
    """Copies of production, each with names of its own."""
    (root / "environments").mkdir(parents=True)
    prod = (ROOT / "environments/prod.yaml").read_text()
    for number in range(count):
        text = prod.replace("mlflow-prod", f"mlflow-e{number}").replace(
            "tharindumlflow0aa3981a", f"mlflowe{number}"
        )
        (root / f"environments/e{number}.yaml").write_text(text)


def _templates(root: Path, folder: Path) -> int:
    """Make a plain template of every file of one environment; return how many there are."""
    paths = [path for top in GENERATED for path in (root / top).rglob("*") if path.is_file()]
    mine = [path for path in paths if "e0" in path.parts]
    for path in mine:
        target = folder / str(path.relative_to(root)).replace("/e0/", "/NAME/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(
            "{{ name }}".join(
                f"{{% raw %}}{text}{{% endraw %}}" for text in path.read_text().split("e0")
            )
        )
    return len(mine)


def _help() -> str:
    costs = medians(
        {
            "click": [sys.executable, "-c", "import click"],
            "help": [sys.executable, "-m", "generator", "--help"],
        },
        lambda _: None,
    )
    ratio = costs["help"].seconds / costs["click"].seconds
    return f"`gen --help` takes {ratio:.2f} times as long as `python -c 'import click'`."


if __name__ == "__main__":
    main()
