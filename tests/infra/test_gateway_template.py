"""The upload gateway of the template: optional, without rights, reachable by CloudFront or at a domain of its own."""

import json
from typing import Any

import pytest

from gateway.app import HEALTH
from gateway.config import read_config
from gateway.publication import PATH as WAITS
from infra.template import REPOSITORY

Resource = dict[str, Any]


@pytest.fixture(scope="module")
def resources(packaged: dict[str, Any]) -> dict[str, Resource]:
    """The resources of the packaged template."""
    return dict(packaged["Resources"])


@pytest.fixture(scope="module")
def container(resources: dict[str, Resource]) -> Resource:
    """The container of the gateway."""
    [one] = resources["GatewayTask"]["Properties"]["ContainerDefinitions"]
    return dict(one)


def test_nothing_of_the_gateway_exists_without_an_image(resources: dict[str, Resource]) -> None:
    conditions = {name: one.get("Condition") for name, one in resources.items() if name.startswith("Gateway")}

    assert conditions.pop("GatewayImages") is None, "the image is pushed before the gateway exists"
    assert conditions.pop("GatewayOrigin") == "HasGatewayBehindSite"
    assert set(conditions.values()) == {"HasGateway"}


def test_the_container_has_no_rights_and_a_read_only_disk(resources: dict[str, Resource], container: Resource) -> None:
    task = resources["GatewayTask"]["Properties"]

    assert "TaskRoleArn" not in task
    assert container["ReadonlyRootFilesystem"] is True
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert container["User"] in (REPOSITORY / "gateway" / "Containerfile").read_text()


def test_parts_are_kept_in_the_volume_that_the_image_prepares(container: Resource) -> None:
    [mount] = container["MountPoints"]
    image = (REPOSITORY / "gateway" / "Containerfile").read_text()

    assert {"Name": "TMPDIR", "Value": mount["ContainerPath"]} in container["Environment"]
    assert f'VOLUME ["{mount["ContainerPath"]}"]' in image


def test_the_role_of_ecs_only_starts_the_container(resources: dict[str, Resource]) -> None:
    statements = [
        statement
        for policy in resources["GatewayStartRole"]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    unlimited = [statement["Action"] for statement in statements if statement["Resource"] == "*"]

    assert unlimited == ["ecr:GetAuthorizationToken"]
    assert {str(statement["Resource"]) for statement in statements if statement["Resource"] != "*"} == {
        "{'Fn::GetAtt': ['GatewayLogs', 'Arn']}",
        "{'Fn::GetAtt': ['GatewayImages', 'Arn']}",
    }


def test_ports_and_the_path_of_the_health_check_are_those_of_the_gateway(
    resources: dict[str, Resource], container: Resource
) -> None:
    port = read_config({"BLDR_GATEWAY_API": "https://api.example"}).port
    targets = resources["GatewayTargets"]["Properties"]
    [ingress] = resources["GatewayGroup"]["Properties"]["SecurityGroupIngress"]

    assert targets["HealthCheckPath"] == HEALTH.decode()
    assert targets["Port"] == ingress["FromPort"] == ingress["ToPort"] == port
    assert container["PortMappings"] == [{"ContainerPort": port, "Protocol": "tcp"}]
    assert ingress["SourceSecurityGroupId"] == {"Ref": "GatewayBalancerGroup"}


def test_the_balancer_is_internal_without_a_certificate(resources: dict[str, Resource]) -> None:
    balancer, listener = (resources[name]["Properties"] for name in ("GatewayBalancer", "GatewayListener"))

    assert balancer["Scheme"] == {"Fn::If": ["HasGatewayCertificate", "internet-facing", "internal"]}
    assert listener["Protocol"] == {"Fn::If": ["HasGatewayCertificate", "HTTPS", "HTTP"]}


def test_the_gateway_answers_before_its_proxies_give_up(resources: dict[str, Resource], container: Resource) -> None:
    [answer] = [one["Value"] for one in container["Environment"] if one["Name"] == "BLDR_GATEWAY_ANSWER"]
    attributes = {
        one["Key"]: one["Value"] for one in resources["GatewayBalancer"]["Properties"]["LoadBalancerAttributes"]
    }
    condition, at_the_balancer, behind_cloudfront = answer["Fn::If"]

    assert condition == "HasGatewayCertificate"
    assert int(behind_cloudfront) < 120, "the longest response time-out of CloudFront"
    assert int(at_the_balancer) < int(attributes["idle_timeout.timeout_seconds"])


def test_the_repositories_are_outputs(packaged: dict[str, Any]) -> None:
    outputs = packaged["Outputs"]

    assert {"GatewayRepositoryUri", "WorkerRepositoryUri"} <= outputs.keys()
    for name in ("GatewayImages", "WorkerImages"):
        images = packaged["Resources"][name]["Properties"]
        assert images["ImageScanningConfiguration"] == {"ScanOnPush": True}
        [rule] = json.loads(images["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
        assert rule["selection"]["countNumber"] == 10


def test_the_distribution_sends_waiting_clients_to_the_gateway_uncached(resources: dict[str, Resource]) -> None:
    site = resources["Site"]["Properties"]["DistributionConfig"]
    optional = [one["Fn::If"] for key in ("Origins", "CacheBehaviors") for one in site[key] if "Fn::If" in one]
    (_, origin, _), (_, uploads, _), (_, waits, _) = optional

    assert {condition for condition, _, _ in optional} == {"HasGatewayBehindSite"}
    assert origin["VpcOriginConfig"]["OriginReadTimeout"] == 120
    assert WAITS.fullmatch(waits["PathPattern"].replace("*", "uploads/1/1").encode())
    assert (waits["TargetOriginId"], uploads["TargetOriginId"]) == (origin["Id"], "api")
    assert uploads["FunctionAssociations"] == [
        {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["SiteUploads", "FunctionARN"]}}
    ]


def test_an_image_needs_a_way_for_clients_to_reach_it(packaged: dict[str, Any]) -> None:
    rule = packaged["Rules"]["GatewayNeedsFront"]

    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "GatewayImage"}, ""]}]}
