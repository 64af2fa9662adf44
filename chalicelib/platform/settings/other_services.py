"""Settings of the services that this one calls: the public depot, registries and GitHub."""

from chalicelib.platform import setting_values as values
from chalicelib.platform.settings.accounts import AccountSettings
from chalicelib.platform.settings.declaration import setting


class OtherServiceSettings(AccountSettings, frozen=True, eq=False):
    """Fields of `Config`. The base class has those of another concern."""

    saas_bldr_url: str = setting(
        "BLDR_SAAS_BLDR_URL",
        values.url,
        "https://bldr.habitat.sh",
        "URL of the public depot whose events `/depot/events/saas` returns",
    )
    private_registries: str = setting(
        "BLDR_PRIVATE_REGISTRIES",
        values.one_of("refused", "allowed"),
        "refused",
        "`allowed`: registry credentials may be checked at private addresses, at other ports than 443 and without TLS; "
        "otherwise `refused`",
    )
    github_api_url: str = setting("BLDR_GITHUB_API_URL", values.url, "https://api.github.com", "URL of the GitHub API")
    github_check_access: bool = setting(
        "BLDR_GITHUB_CHECK_ACCESS",
        values.true_or_false,
        True,
        "Read private repositories of the App only for accounts that may read them, if accounts are those of GitHub",
    )
    github_app_id: str = setting("BLDR_GITHUB_APP_ID", str, "", "Id of the GitHub App; if empty, there is none")
    github_app_private_key: str = setting(
        "BLDR_GITHUB_APP_PRIVATE_KEY",
        values.pem,
        "",
        r"Private key of the GitHub App, PEM; `\n` may replace a newline; takes precedence over Secrets Manager",
        local=True,
    )
    github_app_private_key_arn: str = setting(
        "BLDR_GITHUB_APP_PRIVATE_KEY_ARN", str, "", "Secrets Manager secret with the private key of the GitHub App"
    )
    github_webhook_secret: str = setting(
        "BLDR_GITHUB_WEBHOOK_SECRET",
        str,
        "",
        "Secret with which GitHub signs webhooks; takes precedence over Secrets Manager; without any, all webhooks are "
        "refused",
        local=True,
    )
    github_webhook_secret_arn: str = setting(
        "BLDR_GITHUB_WEBHOOK_SECRET_ARN",
        str,
        "",
        "Secrets Manager secret with the text with which GitHub signs webhooks",
    )
