"""The template is joined from the files of infra/resources, each of which declares names of its own."""

from pathlib import Path

import pytest

from infra.template import NameTaken, join, read_template


def test_sections_of_several_files_are_joined() -> None:
    joined = join(
        {Path("a.yaml"): {"Resources": {"A": 1}}, Path("b.yaml"): {"Resources": {"B": 2}, "Outputs": {"C": 3}}}
    )

    assert joined["Resources"] == {"A": 1, "B": 2}
    assert joined["Outputs"] == {"C": 3}


def test_a_name_that_two_files_declare_is_refused() -> None:
    with pytest.raises(NameTaken, match=r"b\.yaml declares A of Resources again"):
        join({Path("a.yaml"): {"Resources": {"A": 1}}, Path("b.yaml"): {"Resources": {"A": 2}}})


def test_a_reader_may_change_its_copy() -> None:
    read_template()["Resources"].clear()

    assert "Table" in read_template()["Resources"]
