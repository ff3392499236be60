"""What keeps a cluster from running -> one line that says what to do."""


class CannotRun(Exception):
    """The machine, or something a person can change on it, keeps the cluster from running."""
