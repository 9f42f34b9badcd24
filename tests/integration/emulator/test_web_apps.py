from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError

from tests.support.emulated import Azure, error_code

IMAGE = "DOCKER|localhost:5000/mlflowimage:latest"


def test_a_plan_answers_with_the_region_that_was_asked_for_and_then_with_its_display_name(azure: Azure) -> None:
    group = azure.group()
    plan = azure.plan(group)
    assert (plan.location, plan.sku.tier, plan.reserved) == ("westeurope", "Standard", True)
    assert azure.web.app_service_plans.get(group, plan.name).location == "West Europe"


def test_a_plan_with_sites_cannot_be_deleted(azure: Azure) -> None:
    group = azure.group()
    plan = azure.plan(group)
    site = azure.site(group, plan)
    with pytest.raises(HttpResponseError, match=site.name):
        azure.web.app_service_plans.delete(group, plan.name)


def test_a_quota_of_no_plans_is_refused_in_the_words_of_azure(azure: Azure) -> None:
    azure.control("PUT", "quota", {"serverfarms": 0})
    with pytest.raises(HttpResponseError, match="without additional quota") as refused:
        azure.plan(azure.group())
    assert (refused.value.status_code, error_code(refused.value)) == (401, "Unauthorized")


def test_a_site_runs_where_its_answer_says(azure: Azure) -> None:
    site = azure.site(azure.group(), siteConfig={"linuxFxVersion": IMAGE})
    assert (site.location, site.kind, site.state) == ("West Europe", "app,linux,container", "Running")
    assert site.enabled_host_names[0] == site.default_host_name
    assert [each.host_type for each in site.host_name_ssl_states] == ["Standard", "Repository"]
    assert site.reserved


def test_a_site_needs_its_plan(azure: Azure) -> None:
    group = azure.group()
    plan = azure.plan(group)
    azure.web.app_service_plans.delete(group, plan.name)
    with pytest.raises(HttpResponseError) as refused:
        azure.site(group, plan)
    assert (refused.value.status_code, error_code(refused.value)) == (404, "NotFound")


def test_a_taken_site_name_is_told_before_and_refused_after(azure: Azure) -> None:
    azure.control("PUT", "names", {"site": ["taken-by-others"]})
    answer = azure.web.check_name_availability({"name": "taken-by-others", "type": "Site"})
    assert (answer.name_available, answer.reason) == (False, "AlreadyExists")
    with pytest.raises(HttpResponseError, match="Website with given name taken-by-others already exists"):
        azure.site(azure.group(), name="taken-by-others")


@pytest.mark.parametrize("sku", ["F1", "D1"])
def test_always_on_is_refused_on_a_plan_without_it(azure: Azure, sku: str) -> None:
    group = azure.group()
    with pytest.raises(HttpResponseError, match="AlwaysOn cannot be set") as refused:
        azure.site(group, azure.plan(group, sku), siteConfig={"alwaysOn": True})
    assert refused.value.status_code == 409


def test_deleting_the_last_site_deletes_its_plan(azure: Azure) -> None:
    group = azure.group()
    plan = azure.plan(group)
    first, second = azure.site(group, plan), azure.site(group, plan)
    azure.web.web_apps.delete(group, first.name)
    assert azure.web.app_service_plans.get(group, plan.name).number_of_sites == 1
    azure.web.web_apps.delete(group, second.name)
    with pytest.raises(HttpResponseError) as refused:
        azure.web.app_service_plans.get(group, plan.name)
    assert refused.value.status_code == 404


def test_the_plan_of_the_last_site_stays_where_that_is_asked_for(azure: Azure) -> None:
    group = azure.group()
    plan = azure.plan(group)
    site = azure.site(group, plan)
    azure.web.web_apps.delete(group, site.name, delete_empty_server_farm=False)
    assert azure.web.app_service_plans.get(group, plan.name).number_of_sites == 0


def test_app_settings_are_replaced_not_merged(azure: Azure) -> None:
    group = azure.group()
    site = azure.site(group, siteConfig={"appSettings": [{"name": "FIRST", "value": "1"}]})
    assert azure.web.web_apps.list_application_settings(group, site.name).properties == {"FIRST": "1"}
    azure.web.web_apps.update_application_settings(group, site.name, {"properties": {"SECOND": "2"}})
    assert azure.web.web_apps.list_application_settings(group, site.name).properties == {"SECOND": "2"}


def test_an_update_of_a_site_keeps_what_it_does_not_name(azure: Azure) -> None:
    group = azure.group()
    site = azure.site(group, httpsOnly=True, siteConfig={"linuxFxVersion": IMAGE, "alwaysOn": True})
    azure.web.web_apps.update(group, site.name, {"properties": {"clientAffinityEnabled": False}})
    live = azure.web.web_apps.get(group, site.name)
    configuration = azure.web.web_apps.get_configuration(group, site.name)
    assert (live.https_only, live.client_affinity_enabled) == (True, False)
    assert (configuration.linux_fx_version, configuration.always_on) == (IMAGE, True)


def test_the_configuration_of_a_new_site_has_the_defaults_of_azure(azure: Azure) -> None:
    group = azure.group()
    configuration = azure.web.web_apps.get_configuration(group, azure.site(group).name)
    assert (configuration.min_tls_version, configuration.ftps_state) == ("1.2", "FtpsOnly")
    assert [rule.name for rule in configuration.ip_security_restrictions] == ["Allow all"]


def test_a_patch_of_the_configuration_answers_with_the_id_of_the_site(azure: Azure) -> None:
    group = azure.group()
    site = azure.site(group)
    answer = azure.web.web_apps.update_configuration(group, site.name, {"properties": {"ftpsState": "Disabled"}})
    assert (answer.id, answer.type, answer.ftps_state) == (site.id, "Microsoft.Web/sites", "Disabled")


def test_access_rules_get_a_last_one_that_denies_everyone_else(azure: Azure) -> None:
    group = azure.group()
    site = azure.site(group)
    rule = {"ipAddress": "192.0.2.0/24", "action": "Allow", "priority": 100, "name": "office"}
    azure.web.web_apps.update_configuration(group, site.name, {"properties": {"ipSecurityRestrictions": [rule]}})
    rules = azure.web.web_apps.get_configuration(group, site.name).ip_security_restrictions
    assert [(each.name, each.action) for each in rules] == [("office", "Allow"), ("Deny all", "Deny")]


def mount(account: str, key: str, share: str) -> dict[str, object]:
    described = {"type": "AzureFiles", "accountName": account, "shareName": share, "accessKey": key}
    return {"properties": {"mlruns": described | {"mountPath": "/mlruns"}}}


def test_a_mount_says_whether_it_can_work(azure: Azure) -> None:
    group = azure.group()
    site, account = azure.site(group), azure.account(group)
    azure.storage.file_shares.create(group, account.name, "mlflow", {})
    key = azure.storage.storage_accounts.list_keys(group, account.name).keys_property[0].value

    def state(key: str, share: str) -> str:
        wanted = mount(account.name, key, share)
        azure.web.web_apps.update_azure_storage_accounts(group, site.name, wanted)
        live = azure.web.web_apps.list_azure_storage_accounts(group, site.name)
        return str(live.properties["mlruns"].state.value)

    assert state(key, "mlflow") == "Ok"
    assert state("wrong", "mlflow") == "InvalidCredentials"
    assert state(key, "other") == "InvalidShare"


def test_logs_are_kept_as_they_were_put(azure: Azure) -> None:
    group = azure.group()
    site = azure.site(group)
    wanted = {"httpLogs": {"fileSystem": {"retentionInMb": 100, "retentionInDays": 3, "enabled": True}}}
    azure.web.web_apps.update_diagnostic_logs_config(group, site.name, {"properties": wanted})
    live = azure.web.web_apps.get_diagnostic_logs_configuration(group, site.name)
    assert live.http_logs.file_system.retention_in_mb == 100


def test_publishing_credentials_and_their_policy(azure: Azure) -> None:
    group = azure.group()
    site = azure.site(group)
    credentials = azure.web.web_apps.begin_list_publishing_credentials(group, site.name).result()
    assert credentials.publishing_user_name == f"${site.name}"
    assert site.enabled_host_names[1] in credentials.scm_uri
    assert azure.web.web_apps.get_scm_allowed(group, site.name).allow is False
    azure.web.web_apps.update_scm_allowed(group, site.name, {"properties": {"allow": True}})
    assert azure.web.web_apps.get_scm_allowed(group, site.name).allow is True


def test_a_site_without_sign_in_settings_has_nothing_but_that_they_are_off(azure: Azure) -> None:
    group = azure.group()
    settings = azure.web.web_apps.get_auth_settings_v2_without_secrets(group, azure.site(group).name)
    assert settings.as_dict()["properties"] == {"platform": {"enabled": False}}


def test_sign_in_settings_are_kept(azure: Azure) -> None:
    group = azure.group()
    site = azure.site(group)
    assert azure.web.web_apps.get_auth_settings_v2(group, site.name).platform.enabled is False
    azure.web.web_apps.update_auth_settings_v2(group, site.name, {"properties": {"platform": {"enabled": True}}})
    assert azure.web.web_apps.get_auth_settings_v2(group, site.name).platform.enabled is True


def test_a_stopped_site_says_so(azure: Azure) -> None:
    group = azure.group()
    site = azure.site(group)
    azure.web.web_apps.stop(group, site.name)
    assert azure.web.web_apps.get(group, site.name).state == "Stopped"
    azure.web.web_apps.start(group, site.name)
    azure.web.web_apps.restart(group, site.name)
    assert azure.web.web_apps.get(group, site.name).state == "Running"


def test_configuration_of_a_missing_site_has_no_parent(azure: Azure) -> None:
    with pytest.raises(HttpResponseError) as refused:
        azure.web.web_apps.update_application_settings(azure.group(), "site-none", {"properties": {}})
    assert refused.value.status_code == 404


def test_a_system_identity_is_made_once_and_kept(azure: Azure) -> None:
    group = azure.group()
    site = azure.site(group)
    assert site.identity is None
    identity = {"identity": {"type": "SystemAssigned"}}
    first = azure.web.web_apps.update(group, site.name, identity).identity
    second = azure.web.web_apps.update(group, site.name, identity).identity
    assert first.principal_id == second.principal_id
    assert first.tenant_id == azure.endpoint["tenant_id"]


def test_the_answer_to_the_creation_of_a_site_does_not_show_its_image_yet(azure: Azure) -> None:
    group = azure.group()
    site = azure.site(group, siteConfig={"linuxFxVersion": IMAGE})
    assert site.site_config.linux_fx_version == ""
    assert azure.web.web_apps.get(group, site.name).site_config.linux_fx_version == IMAGE
