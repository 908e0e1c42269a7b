"""Process settings: TOML file + environment + secret files -> one frozen object.

Precedence, strongest first: environment (`MYNAH_SLACK__BOT_TOKEN`), secret files (`/run/secrets/mynah_slack__bot_token`),
the TOML file (`mynah.toml`, or `$MYNAH_CONFIG`), defaults. docs/settings.md is made from this module.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from typing_extensions import override

from bot.domain.audio import AudioLimits
from bot.domain.channels import parse_setting
from bot.domain.errors import SettingInvalid

FILE_NAME = "mynah.toml"
SECRETS_FOLDER = "/run/secrets"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlackSettings(_Table):
    """How to reach Slack. Socket Mode with `app_token`; HTTP Events with `signing_secret`."""

    bot_token: SecretStr | None = Field(default=None, description="Bot token of the Slack app (xoxb-…).")
    app_token: SecretStr | None = Field(
        default=None, description="App-level token (xapp-…) with connections:write: turns Socket Mode on."
    )
    signing_secret: SecretStr | None = Field(
        default=None, description="Signing secret of the Slack app: turns HTTP Events on, where there is no app_token."
    )
    host: str = Field(default="127.0.0.1", description="Address that HTTP Events are received on.")
    port: int = Field(default=3000, ge=0, le=65_535, description="Port that HTTP Events are received on.")
    api_url: str = Field(default="https://slack.com/api/", description="Address of Slack's Web API.")
    file_hosts: tuple[str, ...] = Field(
        default=("slack.com",), description="Hosts, with their subdomains, that the bot token is sent to for files."
    )


class DiscordSettings(_Table):
    """How to reach Discord."""

    token: SecretStr | None = Field(default=None, description="Bot token of the Discord application.")
    message_content: bool = Field(
        default=True, description="Whether the privileged message-content intent is switched on for the application."
    )
    api_url: str = Field(default="https://discord.com/api/v10", description="Address of Discord's REST API.")
    gateway_url: str = Field(default="wss://gateway.discord.gg/", description="Address of Discord's gateway.")
    file_hosts: tuple[str, ...] = Field(
        default=("cdn.discordapp.com", "media.discordapp.net"), description="Hosts that attachments are fetched from."
    )


class OpenRouterSettings(_Table):
    """How to reach OpenRouter."""

    key: SecretStr | None = Field(default=None, description="API key (sk-or-…): turns the gateway `openrouter` on.")
    base_url: str = Field(default="https://openrouter.ai/api/v1", description="Address of the API.")


class LocalSettings(_Table):
    """The embedded models."""

    models: dict[str, str] = Field(
        default={},
        description="More embedded models: name to the path of a faster-whisper folder, a .gguf file or a piper .onnx voice.",
    )
    idle_minutes: float = Field(
        default=30, gt=0, description="An embedded model that nobody used for so long is unloaded."
    )


class LimitSettings(_Table):
    """The most that this service takes from a user."""

    megabytes: float = Field(default=100, gt=0, description="Largest file, in millions of bytes.")
    minutes: float = Field(default=120, gt=0, description="Longest recording, in minutes.")

    @property
    def audio(self) -> AudioLimits:
        """The limits in the core's units."""
        return AudioLimits(max_bytes=int(self.megabytes * 1_000_000), max_seconds=self.minutes * 60)


class Settings(BaseSettings):
    """Every setting of the process."""

    model_config = SettingsConfigDict(
        env_prefix="MYNAH_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    data: Path = Field(default=Path("data"), description="Folder of the database and of media that is being worked on.")
    database: str = Field(default="", description="Address of the database; empty means sqlite:///<data>/mynah.db.")
    turns: int = Field(default=32, ge=1, le=1000, description="Turns that run side by side.")
    media_workers: int = Field(
        default=0, ge=0, le=64, description="Processes that convert media; 0 means one for each core."
    )
    drain_seconds: float = Field(default=20, ge=0, description="How long running turns may go on after SIGTERM.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least that is logged."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="json for machines, text for people; auto looks whether a person watches."
    )
    limits: LimitSettings = Field(default=LimitSettings(), description="The most that this service takes from a user.")
    slack: SlackSettings = Field(default=SlackSettings(), description="How to reach Slack.")
    discord: DiscordSettings = Field(default=DiscordSettings(), description="How to reach Discord.")
    openrouter: OpenRouterSettings = Field(default=OpenRouterSettings(), description="How to reach OpenRouter.")
    local: LocalSettings = Field(default=LocalSettings(), description="The embedded models.")
    channels: dict[str, str] = Field(
        default={},
        description="What every channel is set to where nobody said otherwise; see docs/channels.md for the names.",
    )

    @field_validator("channels")
    @classmethod
    def _channels_are_known(cls, values: dict[str, str]) -> dict[str, str]:
        for name, text in values.items():
            try:
                parse_setting(name, text)
            except SettingInvalid as error:
                raise ValueError(str(error)) from error
        return values

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings, *_secret_files(settings_cls), *_toml(settings_cls))

    @property
    def database_url(self) -> str:
        """The database's address."""
        return self.database or f"sqlite:///{self.data / 'mynah.db'}"


def settings_file() -> Path:
    """Return where the TOML file is, or would be."""
    return Path(os.environ.get("MYNAH_CONFIG", FILE_NAME))


def load_settings() -> Settings:
    """Read the settings of this process.

    Raises:
        SettingInvalid: a value is wrong, a name is unknown, or the file is not TOML; never shows a secret.
    """
    path = settings_file()
    if "MYNAH_CONFIG" in os.environ and not path.exists():
        raise SettingInvalid("MYNAH_CONFIG", f"there is no file {path}")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        raise SettingInvalid(name, first["msg"].removeprefix("Value error, ")) from None
    except ValueError as error:
        raise SettingInvalid(str(path), f"is not TOML: {error}") from None


def _toml(settings: type[BaseSettings]) -> tuple[PydanticBaseSettingsSource, ...]:
    path = settings_file()
    return (TomlConfigSettingsSource(settings, path),) if path.exists() else ()


def _secret_files(settings: type[BaseSettings]) -> tuple[PydanticBaseSettingsSource, ...]:
    folder = Path(os.environ.get("MYNAH_SECRETS", SECRETS_FOLDER))
    if not folder.is_dir():
        return ()
    return (NestedSecretsSettingsSource(SecretsSettingsSource(settings, folder), secrets_nested_delimiter="__"),)
