"""A release is watched from the push to prod, and a person decides on the page."""

from __future__ import annotations

from rehearsal.run_events import ActionShape, CommitRefused, PipelineDefined, PipelineMutated, StageShape, Status
from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.parts import stages, wait_stage
from tests.rehearsal.page.browser.site import Site
from tests.rehearsal.page.story import (
    BEGINNING,
    STAGES,
    TITLE,
    approved,
    asking_release,
    begun,
    building,
    commit_id,
    ended,
    execution_ended,
    execution_id,
    good_release,
    passed,
    stage_ended,
    stage_started,
    started,
)


def test_page_shows_a_release_from_push_to_prod_as_it_happens(browser: Browser, site: Site) -> None:
    site.tell_all(BEGINNING)
    browser.open(site.url)
    assert "No release yet. A new commit on main is released by itself." in browser.text("#running")
    assert list(stages(browser)) == ["Source", "Build", "Staging", "ApproveProd", "Prod"]

    site.tell_all(building(1))
    running = browser.wait_text("#running", "In Build")
    assert TITLE in running
    assert "Ada" in running
    build = wait_stage(browser, "Build", "In progress")
    assert "BUILD · pytest -n logical" in build

    site.tell_all([ended(1, "Build", "Synth"), stage_ended(1, "Build"), *passed(1, "Staging")])
    wait_stage(browser, "Staging", "Succeeded")
    assert "Not started" in stages(browser)["Prod"]

    site.tell_all(
        [stage_started(1, "ApproveProd"), stage_ended(1, "ApproveProd"), *passed(1, "Prod"), execution_ended(1)]
    )
    prod = wait_stage(browser, "Prod", "Succeeded")
    assert commit_id(1)[:7] in prod
    assert browser.wait_text("#running", "Nothing runs").startswith("Nothing runs. A new commit on main")
    assert "Succeeded" in browser.text("#history-table tbody tr")


def test_page_says_what_stopped_a_build(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *building(1)])
    browser.open(site.url)

    reason = "pytest -n logical exited with 1:\n2 failed, 340 passed"
    site.tell_all(
        [
            ended(1, "Build", "Synth", Status.FAILED, reason=reason, gate="unit-tests"),
            stage_ended(1, "Build", Status.FAILED),
            execution_ended(1, Status.FAILED, reason),
        ]
    )

    build = wait_stage(browser, "Build", "Failed")
    assert "unit-tests" in build
    assert "2 failed, 340 passed" in build
    assert "Build / Synth" in browser.wait_text("#history-table tbody tr", "unit-tests")


def test_two_executions_stand_in_the_stages_that_they_are_in(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *begun(1, title="first")])
    site.tell_all([*passed(1, "Source"), *passed(1, "Build"), stage_started(1, "Staging")])
    site.tell_all([*begun(2, title="second"), *passed(2, "Source"), *passed(2, "Build")])
    browser.open(site.url)

    said = stages(browser)

    assert "second" in said["Build"]
    assert "first" in said["Staging"]
    assert "waits to enter:" in said["Staging"]
    assert "second" in said["Staging"]
    assert browser.text("#running").count("Stop…") == 2


def test_approval_on_the_page_arrives_and_the_release_goes_on(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *good_release(1), *asking_release(2)])
    browser.open(site.url)
    card = browser.text(".approval")
    assert f"Release to Prod?\n{commit_id(2)[:7]}" in card
    assert f"What Prod runs\n{commit_id(1)[:7]}" in card
    assert "Staging: EndToEnd" in card

    browser.button("Approve the release of 2222222 to Prod").click()
    browser.one("dialog textarea").send_keys("the canary was quiet")
    browser.button("Approve").click()

    browser.until(lambda: site.said, "the answer")
    (said,) = site.said
    assert f"execution_id='{execution_id(2)}', stage='ApproveProd', action='Approve', token='token-1'" in said
    assert "is_approved=True, summary='the canary was quiet'" in said
    browser.until(lambda: not browser.all(".approval, dialog"), "the question's end")
    site.tell_all(list(approved(2))[1:])
    wait_stage(browser, "Prod", commit_id(2)[:7])


def test_answer_that_comes_too_late_is_refused_in_the_server_s_words(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *asking_release(1)])
    browser.open(site.url)
    site.controls.answered.add("token-1")  # by another, in this moment

    browser.button("Reject the release of 1111111 to Prod").click()
    browser.button("Reject").click()

    assert browser.wait_text("dialog .problem", "already") == "The approval was already answered."
    assert site.said == []
    browser.button("Close").click()
    browser.until(lambda: not browser.all("dialog"), "the dialog's end")


def test_escape_leaves_a_question_open(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *asking_release(1)])
    browser.open(site.url)
    browser.button("Approve the release of 1111111 to Prod").click()

    browser.one("dialog").send_keys("\ue00c")

    browser.until(lambda: not browser.all("dialog"), "the dialog's end")
    assert site.said == []
    assert browser.focused.accessible_name == "Approve the release of 1111111 to Prod"


def test_execution_is_stopped_and_a_stage_retried_and_rolled_back(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *good_release(1), *building(2)])
    browser.open(site.url)
    browser.button("Stop the execution of 2222222").click()
    browser.button("Stop it").click()
    browser.until(lambda: not browser.all("dialog"), "the answer")

    site.tell_all([*good_release(3), *passed(2, "Staging"), stage_started(2, "Prod"), started(2, "Prod", "Api.Deploy")])
    site.tell_all([stage_ended(2, "Prod", Status.FAILED), execution_ended(2, Status.FAILED)])
    browser.button("Retry stage Prod").click()
    browser.button("Retry Prod").click()
    browser.until(lambda: not browser.all("dialog"), "the answer")
    browser.button("Roll back stage Prod").click()
    browser.button("Roll back Prod").click()
    browser.until(lambda: not browser.all("dialog"), "the answer")

    assert site.said == [f"stop {execution_id(2)}: ", "retry Prod", f"roll Prod back to {execution_id(3)}"]


def test_refused_commit_is_named_with_its_reason(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *good_release(1)])
    browser.open(site.url)

    site.tell_all(
        [CommitRefused(commit=commit_id(5), title="breaks synth", reason="cdk synth exited with 1: NameError")]
    )

    row = browser.wait_text("#history-table tbody tr", "Refused")
    assert "5555555" in row
    assert "cdk synth exited with 1: NameError" in row


def test_pipeline_that_changes_itself_is_drawn_anew(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *building(1)])
    browser.open(site.url)

    bake = StageShape("Bake", (ActionShape("Watch", "CodeBuild", "Build", 1),))
    site.tell_all(
        [
            PipelineDefined(pipeline="Cars", version=2, stages=(*STAGES, bake)),
            PipelineMutated(version=2, added=("Bake/Watch",)),
            execution_ended(1, Status.CANCELLED, "The pipeline's definition was updated."),
            *begun(2),
        ]
    )

    assert "updated itself to version 2" in browser.wait_text("#mutation", "+ Bake/Watch")
    assert list(stages(browser))[-1] == "Bake"
    assert "In Source" in browser.text("#running")


def test_text_of_events_is_never_markup(browser: Browser, site: Site) -> None:
    title = "<img src=x onerror=\"document.title='run'\"><b>bold</b>"
    site.tell_all([*BEGINNING, *begun(1, title=title)])
    browser.open(site.url)

    assert title in browser.text("#running")
    assert browser.all("#running b, #running img") == []
    assert browser.driver.title == "car-manager · rehearse up"
