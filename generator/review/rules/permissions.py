"""What users may do on the server, where that changes for all of them."""

from collections.abc import Iterator

from generator.review.model import Case, Finding, Level

_TABLE = "routes.py"
"""The file of ConfigMap mlflow that says what each route of MLflow needs."""


def permissions(case: Case) -> Iterator[Finding]:
    """The server begins, or ceases, to decide about every request by its user's permissions."""
    for old, new in case.updated("ConfigMap"):
        before, after = old.at("data", _TABLE), new.at("data", _TABLE)
        if not new.at("data", "authenticate.py") or bool(before) == bool(after):
            continue
        if after:
            message = (
                "users may do what their permissions say and no more: on MLflow 2.22, who may only "
                "READ can no longer upload, replace or delete files, log inputs, write or delete "
                "traces, or list what is hidden from them"
            )
            cure = "give EDIT to those who write, before you merge: docs/users.md"
            yield Finding("permissions", Level.ACTION, new.subject, message, cure)
        else:
            message = "the server loses the table of what a route needs: readers write and delete"
            cure = f"bring {_TABLE} back"
            yield Finding("permissions", Level.DANGER, new.subject, message, cure)


RULES = {"permissions": permissions}
