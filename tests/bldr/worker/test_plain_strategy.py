"""The strategy plain with real plans: phases, dependencies, metadata files, failures."""

from collections.abc import Callable, Mapping

from tests.bldr.worker.builders import PLAN, a_bundle
from tests.bldr.worker.fake_builder import FakeBuilder, FakeJob

Repository = Callable[[Mapping[str, str]], str]
Build = Callable[[FakeJob], FakeJob]


def test_a_plan_becomes_a_published_package(builder: FakeBuilder, repository: Repository, build: Build) -> None:
    job = build(builder.add(a_bundle(repository({"plan.sh": PLAN}))))

    print(job.log)
    assert job.result["kind"] == "complete"
    ident = job.result["ident"]
    assert ident.startswith("acme/widget/1.2.3/")
    assert builder.channels["acme/bldr-99"] == [ident]
