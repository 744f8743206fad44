"""AWS WAF in front of the API, where the settings ask for it: who sends too much from one address is turned away.

It costs about 6 dollars a month and 0.60 for a million requests, and IAM already refuses strangers: so it is a choice.
"""

from __future__ import annotations

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from service.acknowledgements import acknowledge
from service.service_settings import ServiceSettings

WINDOW_SECONDS = 300


class Firewall(Construct):
    """A web ACL with one rule, on the API's stage."""

    def __init__(
        self, scope: Construct, construct_id: str, *, api: apigateway.RestApi, requests_per_five_minutes: int
    ) -> None:
        super().__init__(scope, construct_id)
        self.web_acl = wafv2.CfnWebACL(
            self,
            "WebAcl",
            scope="REGIONAL",
            description="Turns away who sends too many requests to the cars' API",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            rules=[
                wafv2.CfnWebACL.RuleProperty(
                    name="RequestsOfAnAddress",
                    priority=0,
                    action=wafv2.CfnWebACL.RuleActionProperty(block={}),
                    statement=wafv2.CfnWebACL.StatementProperty(
                        rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                            aggregate_key_type="IP",
                            evaluation_window_sec=WINDOW_SECONDS,
                            limit=requests_per_five_minutes,
                        )
                    ),
                    visibility_config=_visibility("RequestsOfAnAddress"),
                )
            ],
            visibility_config=_visibility("Firewall"),
        )
        wafv2.CfnWebACLAssociation(
            self, "OfTheStage", resource_arn=api.deployment_stage.stage_arn, web_acl_arn=self.web_acl.attr_arn
        )


def add_firewall(scope: Construct, *, api: apigateway.RestApi, settings: ServiceSettings) -> None:
    """Nothing, unless the settings say how many requests an address may send."""
    if settings.firewall_requests_per_five_minutes is None:
        acknowledge(
            api, {"APIG3": "Only callers with IAM credentials get through; there is no anonymous traffic to filter."}
        )
        return
    Firewall(scope, "Firewall", api=api, requests_per_five_minutes=settings.firewall_requests_per_five_minutes)


def _visibility(metric_name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric_name, sampled_requests_enabled=True
    )
