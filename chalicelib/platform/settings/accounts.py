"""Settings of accounts: sign-in at the identity provider, and the account that is created at the start."""

from chalicelib.platform import setting_values as values
from chalicelib.platform.settings.builds import BuildSettings
from chalicelib.platform.settings.declaration import setting

_OAUTH_PROVIDERS = ("github", "gitlab", "bitbucket", "okta", "azure-ad", "chef-automate", "active-directory")


class AccountSettings(BuildSettings, frozen=True, eq=False):
    """Fields of `Config`. The base class has those of another concern."""

    oauth_provider: str = setting(
        "BLDR_OAUTH_PROVIDER",
        values.one_of(*_OAUTH_PROVIDERS),
        "github",
        f"Identity provider: {', '.join(_OAUTH_PROVIDERS)}",
    )
    oauth_token_url: str = setting(
        "BLDR_OAUTH_TOKEN_URL",
        values.url,
        "https://github.com/login/oauth/access_token",
        "URL that exchanges an authorisation code for a token",
    )
    oauth_userinfo_url: str = setting(
        "BLDR_OAUTH_USERINFO_URL", values.url, "https://api.github.com/user", "URL that returns the user of a token"
    )
    oauth_redirect_url: str = setting(
        "BLDR_OAUTH_REDIRECT_URL", values.url, "", "URL to which the provider sends the browser after sign-in"
    )
    oauth_client_id: str = setting("BLDR_OAUTH_CLIENT_ID", str, "", "Client id of this service at the provider")
    oauth_client_secret: str = setting(
        "BLDR_OAUTH_CLIENT_SECRET",
        str,
        "",
        "Client secret of this service at the provider; takes precedence over the secret in Secrets Manager",
        local=True,
    )
    oauth_client_secret_arn: str = setting(
        "BLDR_OAUTH_CLIENT_SECRET_ARN", str, "", "Secrets Manager secret with the client secret"
    )
    session_seconds: int = setting(
        "BLDR_SESSION_SECONDS", values.natural_number, 259_200, "Lifetime of a web session, in seconds"
    )
    sign_ins_per_minute: int = setting(
        "BLDR_SIGN_INS_PER_MINUTE",
        values.natural_number,
        30,
        "Sign-in attempts per minute from one source address; 0: no limit",
    )
    provision_account: bool = setting(
        "BLDR_AUTO_PROVISION_ACCOUNT",
        values.true_or_false,
        False,
        "Create an account with origins and a token at start",
        local=True,
    )
    provision_username: str = setting(
        "BLDR_PROVISION_USERNAME", values.plain_name, "chef-platform", "Name of the provisioned account", local=True
    )
    provision_email: str = setting(
        "BLDR_PROVISION_EMAIL",
        values.line,
        "chef-platform@progress.com",
        "E-mail address of the provisioned account",
        local=True,
    )
    provision_origins: tuple[str, ...] = setting(
        "BLDR_PROVISION_ORIGINS",
        values.origin_names,
        ("core",),
        "Origins that the provisioned account owns",
        local=True,
    )
    provision_channels: tuple[str, ...] = setting(
        "BLDR_PROVISION_CHANNELS",
        values.plain_names,
        (),
        "Further channels, paired with the origins by position",
        local=True,
    )
    provision_token_path: str = setting(
        "BLDR_TOKEN_DIR",
        str,
        "",
        "Folder of the file `HAB_AUTH_TOKEN` with the token of that account; if empty, the temporary folder",
        local=True,
    )
