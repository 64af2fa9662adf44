"""Settings of packages: their uploads, their downloads, and the licences that downloads need."""

from chalicelib.core.target import Target
from chalicelib.platform import setting_values as values
from chalicelib.platform.settings.declaration import SECRET_NAME, setting
from chalicelib.platform.settings.service import ServiceSettings

_DEFAULT_TARGETS = (
    Target.X86_64_LINUX,
    Target.X86_64_LINUX_KERNEL2,
    Target.X86_64_WINDOWS,
    Target.AARCH64_DARWIN,
    Target.AARCH64_LINUX,
)


class PackageSettings(ServiceSettings, frozen=True, eq=False):
    """Fields of `Config`. The base class has those of another concern."""

    targets: tuple[Target, ...] = setting(
        "BLDR_TARGETS", values.targets, _DEFAULT_TARGETS, "Targets that the depot accepts"
    )
    native_packages: str = setting(
        "BLDR_NATIVE_PACKAGES", str, "all", "Origins that may upload native packages: `all`, `off`, or a list of names"
    )
    upload_function: str = setting(
        "BLDR_UPLOAD_FUNCTION",
        str,
        "",
        "Lambda function that finishes large uploads (set by the template); if empty, a thread does",
    )
    origin_creators: tuple[str, ...] = setting(
        "BLDR_ALLOWED_USERS_FOR_ORIGIN_CREATE",
        values.plain_names,
        (),
        "Accounts that may create origins; if empty, every account may",
    )
    public_seconds: int = setting(
        "BLDR_PUBLIC_SECONDS",
        values.natural_number,
        5,
        "How long shared caches may use a public answer that can change, in seconds; 0: they ask each time",
    )
    private_max_age: int = setting(
        "BLDR_PRIVATE_MAX_AGE", values.natural_number, 300, "Cache lifetime of private downloads, in seconds"
    )
    download_mode: str = setting(
        "BLDR_DOWNLOAD_MODE",
        values.one_of("auto", "redirect", "front"),
        "auto",
        "`auto`: small archives inline, larger ones by signed URL; `redirect`: signed URL; `front`: the front streams",
        local=True,
    )
    cdn_url: str = setting("BLDR_CDN_URL", values.url, "", "Base URL of the distribution in front of the bucket")
    cdn_key_id: str = setting("BLDR_CDN_KEY_ID", str, "", "Id of the distribution's signing key")
    cdn_key_secret: str = setting(
        "BLDR_CDN_KEY_SECRET",
        values.matching(SECRET_NAME, "bldr-cdn-signing-key"),
        "",
        "Secrets Manager secret with the private signing key",
    )
    unrestricted_channels: tuple[str, ...] = setting(
        "BLDR_UNRESTRICTED_CHANNELS", values.plain_names, (), "Channels whose packages never need a licence"
    )
    partially_unrestricted_channels: tuple[str, ...] = setting(
        "BLDR_PARTIALLY_UNRESTRICTED_CHANNELS",
        values.plain_names,
        (),
        "Channels whose packages need no licence unless they are also in a restricted channel",
    )
    restricted_if_present: tuple[str, ...] = setting(
        "BLDR_RESTRICTED_IF_PRESENT",
        values.plain_names,
        (),
        "Channels whose packages need a licence; if empty, no download needs one",
    )
    license_server_url: str = setting(
        "BLDR_LICENSE_SERVER_URL", values.url, "", "URL of the licence service; if empty, there is none"
    )
