"""The floor of `gen render`: read the same values, write as many files of the same size.

Nothing is checked, typed or compared, and a value may become code.
Usage: python render_floor.py REPOSITORY TEMPLATES
"""

import sys
from pathlib import Path

import jinja2
import yaml

root, folder = map(Path, sys.argv[1:])
loader = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), keep_trailing_newline=True)
templates = [(name, loader.get_template(name)) for name in loader.list_templates()]
for file in sorted((root / "environments").glob("*.yaml")):
    values = yaml.load(file.read_text(), yaml.CSafeLoader)
    for path, template in templates:
        target = root / path.replace("NAME", file.stem)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(template.render(name=file.stem, **values))
