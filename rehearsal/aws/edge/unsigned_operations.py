"""Operations that AWS serves to everybody, unsigned: how an app's users sign in.

All else has to be signed here, S3's objects too: the emulator takes whoever does not sign for the owner of everything.
STS's operations for whoever shows a token (AssumeRoleWithWebIdentity, AssumeRoleWithSAML) are not served: the emulator
believes every token, so whoever reaches the port could write one, and be the role that it names. It must not answer
anything itself.

Source: the service models that botocore ships (`auth`: noAuth); "Verifying JSON web tokens" of the Cognito guide.
"""

from __future__ import annotations

import re

from rehearsal.aws.edge.service_models import service_model
from rehearsal.aws.edge.signature import SignedRequest

_TARGETS = {"AWSCognitoIdentityProviderService": "cognito-idp", "AWSCognitoIdentityService": "cognito-identity"}
_NO_AUTH = "smithy.api#noAuth"
_PUBLIC_KEYS = re.compile(r"/[a-z0-9-]+_[A-Za-z0-9]+/\.well-known/(jwks\.json|openid-configuration)")


def is_served_unsigned(request: SignedRequest) -> bool:
    """Of the root path alone: what a path names may be another service's."""
    if request.method == "GET":
        return _PUBLIC_KEYS.fullmatch(request.target) is not None
    if request.method != "POST" or request.target != "/":
        return False
    prefix, _, operation = request.headers.get("x-amz-target", "").partition(".")
    return prefix in _TARGETS and _needs_no_signature(_TARGETS[prefix], operation)


def _needs_no_signature(service: str, operation: str) -> bool:
    model = service_model(service)
    if operation not in model.operation_names:
        return False
    found = model.operation_model(operation)
    return found.auth_type == "none" or _NO_AUTH in (found.auth or ())
