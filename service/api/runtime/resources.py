"""The API's resources and their methods: what API Gateway lets through, and the resolver has routes for.

rest_api.py makes them, routes.py answers them; tests hold the two to this. It must not know what is done.
"""

from __future__ import annotations

RESOURCES = {
    "/cars": ("GET", "POST"),
    "/cars/{car_id}": ("GET", "PUT", "PATCH", "DELETE"),
    "/cars/{car_id}/notifications": ("GET",),
    "/openapi.json": ("GET",),
}
