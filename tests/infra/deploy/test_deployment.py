"""`make deploy`: from nothing to a token, repeatable, and safe for what holds data."""

import pytest

from infra.deploy.answers import Answers
from infra.deploy.problems import NotPossible
from tests.infra.deploy.conftest import Site

FUNCTION = {"Type": "AWS::Lambda::Function", "Properties": {"CodeUri": "./deployment.zip"}}


def test_the_first_run_ends_with_a_token_and_a_protected_stack(site: Site) -> None:
    site.deploy()

    assert site.stacks.stack is not None
    assert site.stacks.stack["StackStatus"] == "CREATE_COMPLETE"
    assert site.stacks.stack["EnableTerminationProtection"]
    assert "HAB_BLDR_URL=https://depot.example HAB_AUTH_TOKEN=_token" in site.text


def test_a_second_run_changes_nothing_and_prints_no_token(site: Site) -> None:
    site.deploy()
    site.said.clear()

    site.deploy()

    assert site.said == ["no changes", "the depot is at https://depot.example"]
    assert site.stacks.executed == 1


def test_the_archive_is_uploaded_under_its_digest(site: Site) -> None:
    site.build(Api=FUNCTION)
    site.deploy()

    [archive] = [key for key in site.code.objects if key.startswith("code/")]
    assert site.stacks.template["Resources"]["Api"]["Properties"]["CodeUri"] == f"s3://code/{archive}"


def test_a_dry_run_shows_the_changes_and_leaves_no_stack(site: Site) -> None:
    site.deploy(dry_run=True)

    assert "1 to add" in site.text
    assert site.stacks.stack is None
    assert not site.stacks.change_sets


def test_a_dry_run_of_an_update_leaves_the_stack_as_it_is(site: Site) -> None:
    site.deploy()
    site.build(Api=FUNCTION)

    site.deploy(dry_run=True)

    assert site.stacks.executed == 1
    assert not site.stacks.change_sets
    assert "Api" in site.text


def test_a_replaced_table_is_refused_and_named_in_capital_letters(site: Site) -> None:
    site.deploy()
    site.build(Table={"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "other"}})
    site.stacks.replacements = {"Table": "True"}

    with pytest.raises(NotPossible, match=r"REPLACES TABLE Table.*--allow-loss Table"):
        site.deploy()
    assert site.stacks.executed == 1
    assert not site.stacks.change_sets

    site.deploy(allowed=["Table"])
    assert site.stacks.executed == 2


def test_a_removed_table_is_refused(site: Site) -> None:
    site.build(Bucket={"Type": "AWS::S3::Bucket"})
    site.deploy()
    site.build()

    with pytest.raises(NotPossible, match="REMOVES BUCKET Bucket"):
        site.deploy()


def test_changes_are_applied_after_a_yes(site: Site) -> None:
    site.deploy()
    site.build(Api=FUNCTION)
    site.typed = ["n", ""]
    with pytest.raises(NotPossible, match="nothing was changed"):
        site.deploy()

    site.typed = ["y", ""]
    site.deploy()

    assert site.stacks.executed == 2


def test_parameters_keep_their_values(site: Site) -> None:
    site.deploy(Answers(name="alice", parameters={"LogDays": "90"}))
    site.build(Api=FUNCTION)

    site.deploy()

    assert site.stacks.stack is not None
    assert {"ParameterKey": "LogDays", "ParameterValue": "90"} in site.stacks.stack["Parameters"]


def test_an_unknown_parameter_is_refused(site: Site) -> None:
    with pytest.raises(NotPossible, match="the template has no parameter LogDay; it has CdnPublicKey, LogDays"):
        site.deploy(Answers(parameters={"LogDay": "90"}))


def test_a_rollback_returns_to_the_template_and_the_parameters_before(site: Site) -> None:
    site.deploy()
    site.build(Api=FUNCTION)
    site.deploy(Answers(parameters={"LogDays": "90"}))

    site.deploy(rollback=True)

    assert list(site.stacks.template["Resources"]) == ["Table"]
    assert site.stacks.stack is not None
    assert {"ParameterKey": "LogDays", "ParameterValue": "180"} in site.stacks.stack["Parameters"]


def test_there_is_no_rollback_of_the_first_deployment(site: Site) -> None:
    site.deploy()

    with pytest.raises(NotPossible, match="no earlier deployment of bldr-dev"):
        site.deploy(rollback=True)


def test_a_failed_creation_says_why_and_is_created_again(site: Site) -> None:
    site.stacks.fails = "ROLLBACK_COMPLETE"
    with pytest.raises(NotPossible, match="ended in ROLLBACK_COMPLETE"):
        site.deploy()
    assert "CREATE_FAILED Table (AWS::DynamoDB::Table): the reason" in site.text

    site.deploy()

    assert "its first creation failed" in site.text
    assert "_token" in site.text


def test_a_creation_that_was_only_prepared_is_continued(site: Site) -> None:
    site.stacks.stack = site.stacks._new("bldr-dev")

    site.deploy()

    assert "_token" in site.text


def test_without_a_name_the_depot_waits_for_its_first_account(site: Site) -> None:
    site.deploy(Answers())
    assert "make deploy STAGE=dev ACCOUNT=NAME" in site.text

    site.deploy(Answers(name="alice"))
    assert "_token" in site.text


def test_a_missing_build_is_named(site: Site) -> None:
    (site.folder / "sam.json").unlink()

    with pytest.raises(NotPossible, match=r"sam\.json is missing: run `make package STAGE=dev`"):
        site.deploy()
