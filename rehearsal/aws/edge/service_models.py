"""What botocore knows of AWS's APIs: each service's operations and their shapes.

It must not call anything, nor read the user's AWS configuration, as botocore's own session does.
"""

from __future__ import annotations

from functools import lru_cache

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

_LOADER = Loader()


@lru_cache
def service_model(service: str) -> ServiceModel:
    """`service` is botocore's name."""
    return ServiceModel(_LOADER.load_service_model(service, "service-2"), service_name=service)


@lru_cache
def operation_model(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)
