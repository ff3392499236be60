"""`python -m generator` is `gen`."""

from generator.cli import gen

gen(prog_name="gen")
