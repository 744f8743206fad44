from __future__ import annotations

from collections.abc import Mapping

import pytest

from rehearsal.aws.apigateway.rest_api import VALIDATOR_MODEL, Method, Resource, RestApi, find_route


def api(**resources: str) -> RestApi:
    """By a resource's path (its name is its id), the verbs that it has."""
    found = [
        Resource(name, path, {verb: Method(http_method=verb) for verb in verbs.split(",") if verb})
        for name, (path, _, verbs) in ((name, text.partition(" ")) for name, text in resources.items())
    ]
    return RestApi(api_id="abc", name="cars", account="1", region="r", resources=tuple(found))


CARS = api(
    root="/ ANY",
    cars="/cars GET,POST",
    special="/cars/special POST",
    car="/cars/{car_id} GET,DELETE",
    parts="/cars/{car_id}/{part+} ANY",
    rest="/{proxy+} GET",
    nothing="/nothing ",
)


@pytest.mark.parametrize(
    ("verb", "path", "resource", "parameters"),
    [
        ("GET", "/", "root", {}),
        ("PATCH", "", "root", {}),
        ("GET", "/cars", "cars", {}),
        ("GET", "/cars/", "cars", {}),
        ("GET", "/cars/7", "car", {"car_id": "7"}),
        ("GET", "/cars/a%2Fb%20c", "car", {"car_id": "a%2Fb%20c"}),
        ("POST", "/cars/special", "special", {}),
        ("GET", "/cars/special", "car", {"car_id": "special"}),
        ("PUT", "/cars/7/doors/1%2F2/", "parts", {"car_id": "7", "part": "doors/1%2F2"}),
        ("GET", "/trucks/1", "rest", {"proxy": "trucks/1"}),
        ("GET", "/nothing", "rest", {"proxy": "nothing"}),
    ],
)
def test_the_most_specific_resource_that_has_the_method_is_reached(
    verb: str, path: str, resource: str, parameters: Mapping[str, str]
) -> None:
    route = find_route(CARS, verb, path)

    assert route is not None
    assert (route.resource.identifier, route.path_parameters) == (resource, parameters)


@pytest.mark.parametrize(("verb", "path"), [("POST", "/nothing"), ("DELETE", "/cars"), ("POST", "/trucks")])
def test_no_resource_has_the_method(verb: str, path: str) -> None:
    assert find_route(CARS, verb, path) is None


def test_a_method_tells_its_validator_whether_it_came_by_the_api_or_with_the_models() -> None:
    by_api = Method.of("GET", {"requestValidatorId": "v1", "requestParameters": {"method.request.header.A": "true"}})
    carried = Method.of("GET", {"requestModels": {"application/json": "Car", VALIDATOR_MODEL: "v2"}})

    assert (by_api.validator_id, by_api.parameters) == ("v1", {"method.request.header.A": True})
    assert (carried.validator_id, carried.models) == ("v2", {"application/json": "Car"})
