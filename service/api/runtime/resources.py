"""The API's resources and their methods: what API Gateway lets through, and the resolver has routes for.

rest_api.py makes them, routes.py answers them; tests hold the two to this. The canary judges each of ROUTES by itself.
It must not know what is done.
"""

from __future__ import annotations

RESOURCES = {
    "/cars": ("GET", "POST"),
    "/cars/{car_id}": ("GET", "PUT", "PATCH", "DELETE"),
    "/cars/{car_id}/notifications": ("GET",),
    "/openapi.json": ("GET",),
}

ROUTES = tuple(f"{method} {resource}" for resource, methods in RESOURCES.items() for method in methods)
"""Each method of each resource, as "POST /cars"."""
