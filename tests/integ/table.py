"""Which mutations each end-to-end test has to notice. One that it let through, it would have passed by luck."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integ import mutations as api
from tests.integ import mutations_behind_the_api as behind
from tests.integ.mutations import Mutation

HAS_TO_NOTICE: Mapping[str, tuple[Mutation, ...]] = {
    # what callers of the API rely on
    "test_api_contract.py::test_car_has_the_promised_fields_and_defaults": (
        api.loses_a_field_of_cars,
        api.gives_new_cars_another_default,
    ),
    "test_api_contract.py::test_car_that_the_caller_has_is_not_sent_again": (
        api.sends_again_what_the_caller_has,
        api.has_always_the_same_tag,
    ),
    "test_api_contract.py::test_creation_sent_again_makes_no_second_car": (
        api.says_yes_instead_of_409,
        api.writes_without_conditions,
        api.ids_of_its_own,
    ),
    "test_api_contract.py::test_merge_patch_changes_what_it_names_and_removes_what_is_null": (
        api.leaves_what_a_merge_patch_removes,
    ),
    "test_api_contract.py::test_requests_are_told_by_the_callers_own_id": (api.has_ids_of_its_own_for_requests,),
    "test_api_contract.py::test_document_is_the_one_that_is_promised": (
        api.describes_itself_otherwise,
        api.sends_again_what_the_caller_has,
    ),
    # the life of a car
    "test_car_lifecycle.py::test_car_is_created_read_replaced_changed_and_deleted": (
        api.keeps_what_is_replaced,
        api.deletes_nothing,
        api.leaves_what_a_merge_patch_removes,
        api.loses_a_field_of_cars,
        api.ids_of_its_own,
    ),
    # refusals
    "test_refusals.py::test_creating_a_car_that_exists_is_a_conflict_and_changes_nothing": (
        api.says_yes_instead_of_409,
        api.writes_without_conditions,
        api.does_what_it_refuses,
    ),
    "test_refusals.py::test_car_that_does_not_exist_is_not_found": (api.says_yes_instead_of_404,),
    "test_refusals.py::test_car_that_cannot_be_is_refused_and_the_field_named": (
        api.says_yes_instead_of_422,
        api.names_no_field,
    ),
    "test_refusals.py::test_change_with_an_unknown_field_is_refused_and_changes_nothing": (
        api.says_yes_instead_of_422,
        api.does_what_it_refuses,
    ),
    "test_refusals.py::test_replacement_by_what_is_no_car_is_refused_and_changes_nothing": (
        api.says_yes_instead_of_422,
        api.names_no_field,
        api.does_what_it_refuses,
    ),
    "test_refusals.py::test_change_of_nothing_is_refused": (api.says_yes_instead_of_422,),
    "test_refusals.py::test_merge_patch_cannot_remove_what_every_car_has": (api.says_yes_instead_of_422,),
    "test_refusals.py::test_id_that_no_car_can_have_is_refused": (api.says_yes_instead_of_422, api.names_no_field),
    "test_refusals.py::test_list_with_a_query_that_cannot_be_is_refused": (api.says_yes_instead_of_422,),
    "test_refusals.py::test_notifications_with_a_query_that_cannot_be_are_refused": (api.says_yes_instead_of_422,),
    "test_refusals.py::test_tag_that_is_none_is_refused": (api.says_yes_instead_of_422,),
    "test_refusals.py::test_change_of_a_car_that_has_changed_meanwhile_is_refused": (
        api.says_yes_instead_of_412,
        api.writes_over_changes_unseen,
        api.does_what_it_refuses,
    ),
    "test_refusals.py::test_replacement_unseen_is_refused": (api.says_yes_instead_of_428, api.does_what_it_refuses),
    "test_refusals.py::test_body_of_another_content_type_is_refused": (api.says_yes_instead_of_415,),
    "test_refusals.py::test_body_that_is_too_large_is_refused": (api.says_yes_instead_of_413,),
    "test_permissions.py::test_request_that_nobody_signed_is_forbidden": (api.lets_everybody_in,),
    "test_permissions.py::test_request_that_a_stranger_signed_is_forbidden": (api.lets_everybody_in,),
    # lists
    "test_lists.py::test_list_comes_in_pages_of_whole_cars": (api.pages_are_of_any_length, api.loses_a_field_of_cars),
    "test_lists.py::test_pages_part_the_cars": (
        api.pages_overlap,
        api.pages_leave_cars_out,
        api.pages_shift_when_a_car_is_created,
    ),
    "test_lists.py::test_cars_of_a_status_are_found_by_it": (
        api.lists_cars_of_every_status,
        api.finds_no_car_by_its_status,
    ),
    "test_lists.py::test_token_that_was_tampered_with_or_is_another_lists_is_refused": (
        api.takes_any_token,
        api.takes_tokens_of_other_lists,
    ),
    # events, and what people are told
    "test_events.py::test_each_change_of_a_car_is_an_event_as_promised": (
        behind.calls_its_events_otherwise,
        behind.calls_the_source_of_its_events_otherwise,
        behind.sends_events_of_another_version,
        behind.events_lose_a_field,
        behind.cars_of_events_lose_a_field,
        behind.events_do_not_say_what_was_before,
        behind.holds_tests_for_customers,
        behind.sends_no_event_of_deletions,
    ),
    "test_events.py::test_car_that_says_where_it_is_causes_no_event": (
        behind.sends_events_of_positions,
        behind.takes_in_no_report,
    ),
    "test_notifications.py::test_each_change_of_a_car_is_told_once": (
        behind.tells_each_change_twice,
        behind.tells_people_nothing,
        behind.calls_its_events_otherwise,
    ),
    "test_notifications.py::test_pages_part_the_notifications_of_a_car": (
        behind.pages_of_notifications_leave_some_out,
        behind.pages_of_notifications_repeat_themselves,
    ),
    "test_notifications.py::test_car_that_never_was_has_no_notifications": (behind.tells_of_other_cars,),
    # reports and orders
    "test_telemetry.py::test_newest_report_is_the_cars_position": (
        behind.takes_older_positions,
        behind.picks_the_last_report_of_a_batch,
        behind.takes_in_no_report,
    ),
    "test_maintenance.py::test_order_takes_a_car_out_of_service_and_back_once": (
        behind.carries_out_orders_twice,
        behind.finishes_no_order,
    ),
    "test_maintenance.py::test_order_for_a_car_that_is_not_there_stops_nobody": (
        behind.stops_for_an_order_of_an_unknown_car,
    ),
}
