"""What botocore knows of AWS's APIs: each service's operations and their shapes. It must not call anything."""

from __future__ import annotations

from functools import lru_cache

import botocore.session
from botocore.model import OperationModel, ServiceModel


@lru_cache
def service_model(service: str) -> ServiceModel:
    """`service` is botocore's name."""
    return botocore.session.get_session().get_service_model(service)


@lru_cache
def operation_model(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)
