"""Environment -> the names that a server which checks the Host header answers to."""

from collections.abc import Iterator

from generator.environment import Environment

_CLUSTER_ENDS = ("", ".svc", ".svc.cluster.local")
_NUMBERS = ("*.[0-9]", "*.[0-9][0-9]", "*.[0-9][0-9][0-9]")  # as fnmatch reads them


def answered(env: Environment) -> Iterator[str]:
    """What a request's Host header may be: a name of the server, or whatever number it has.

    No browser takes a name that ends in a number for anything but an address, so these patterns
    let nobody's own name in, whose answers would change from one address to the server's.
    """
    names = ["localhost", "mlflow", *(f"mlflow.mlflow{end}" for end in _CLUSTER_ENDS)]
    for host in (*names, *filter(None, [env.public_name]), *_NUMBERS):
        yield from (host, f"{host}:*")
