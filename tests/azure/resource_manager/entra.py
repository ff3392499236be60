"""Sign-in: what the client asks before it talks to Azure. A token is unsigned and for everybody."""

import base64
import json
import time

from .certificate import DOMAIN
from .cloud import CALLER, CALLER_APPLICATION, TENANT, Cloud
from .messages import Request, Response

_LOGIN = f"https://login.{DOMAIN}"
# Anybody who looks for leaked secrets can look for this.
TOKEN_MARK = "local-azure-token"


def answer(request: Request) -> Response | None:
    """Return the answer to a request of the sign-in host, or None."""
    path = request.path.lower()
    if path.endswith("/.well-known/openid-configuration"):
        tenant = request.path.strip("/").split("/")[0]
        return Response(200, _configuration(tenant))
    if path.endswith("/oauth2/v2.0/token"):
        return Response(
            200, {"token_type": "Bearer", "expires_in": 86400, "access_token": _token()}
        )
    if path == "/common/discovery/instance":
        return Response(200, {"tenant_discovery_endpoint": f"{_LOGIN}/{TENANT}/v2.0"})
    return None


def directory(cloud: Cloud, request: Request) -> Response | None:
    """Return what kind of principal an object id is, as Microsoft Graph does."""
    if not request.path.endswith("/directoryObjects/getByIds"):
        return None
    known = [name for name in request.body["ids"] if name in cloud.principals]
    kinds = {name: cloud.principals[name] for name in known}
    return Response(
        200,
        {
            "value": [
                {"id": name, "@odata.type": f"#microsoft.graph.{kind[0].lower()}{kind[1:]}"}
                for name, kind in kinds.items()
            ]
        },
    )


def _configuration(tenant: str) -> dict[str, object]:
    return {
        "issuer": f"{_LOGIN}/{tenant}/v2.0",
        "authorization_endpoint": f"{_LOGIN}/{tenant}/oauth2/v2.0/authorize",
        "token_endpoint": f"{_LOGIN}/{tenant}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{_LOGIN}/{tenant}/oauth2/v2.0/devicecode",
    }


def _token() -> str:
    now = int(time.time())
    claims = {
        "oid": CALLER,
        "tid": TENANT,
        "appid": CALLER_APPLICATION,
        "mark": TOKEN_MARK,
        "iat": now,
        "exp": now + 86400,
    }
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}.unsigned"


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
