"""Process settings: TOML file + environment + secret files -> one frozen object.

Precedence, strongest first: environment (`MYNAH_SLACK__BOT_TOKEN`), secret files (`/run/secrets/mynah_slack__bot_token`),
the TOML file (`mynah.toml`, or `$MYNAH_CONFIG`), defaults. docs/settings.md is made from this module.
"""

import json
import os
import re
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)
from typing_extensions import override

from bot.domain.audio import AudioLimits
from bot.domain.channels import parse_setting
from bot.domain.errors import SettingInvalid
from bot.domain.money import Price
from bot.domain.shards import parse_shards

FILE_NAME = "mynah.toml"
SECRETS_FOLDER = "/run/secrets"
PREFIX = "MYNAH_"

WITH_OPENROUTER = {
    "chat_model": "openrouter/google/gemini-2.5-flash-lite, local/smollm2-135m-instruct",
    "transcription_model": "openrouter/openai/gpt-4o-mini-transcribe, local/whisper-tiny.en",
    "video_model": "openrouter/openai/gpt-4o-mini-transcribe, local/whisper-tiny.en",
    "speech_model": "openrouter/hexgrad/kokoro-82m, local/en_US-joe-medium",
}
"""What channels are set to by default once there is a key: models made for it, each with an embedded one behind it."""

ALIKE = 0.7
"""How alike a wrong name and a right one are, for us to think that the right one was meant (0 to 1)."""


def _secret(value: object) -> object:
    """Read a secret: one that is empty is not set, and an end of line that was copied with it is none of it."""
    return value.strip() or None if isinstance(value, str) else value


def _hosts(value: object) -> object:
    """Read hosts from the environment: with commas between them, or as JSON."""
    if not isinstance(value, str):
        return value
    if not value.startswith("["):
        return [host.strip() for host in value.split(",")]
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError("must be hosts with commas between them, or JSON") from error


Secret = Annotated[SecretStr | None, BeforeValidator(_secret)]
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlackSettings(_Table):
    """How to reach Slack. Socket Mode with `app_token`; HTTP Events with `signing_secret`."""

    bot_token: Secret = Field(default=None, description="Bot token of the Slack app (xoxb-…).")
    app_token: Secret = Field(
        default=None, description="App-level token (xapp-…) with connections:write: turns Socket Mode on."
    )
    signing_secret: Secret = Field(
        default=None, description="Signing secret of the Slack app: turns HTTP Events on, where there is no app_token."
    )
    client_id: str = Field(
        default="",
        description="Client ID of the Slack app: workspaces install it by OAuth at /slack/install, in the place of bot_token.",
    )
    client_secret: Secret = Field(default=None, description="Client Secret of the Slack app, for OAuth.")
    public_url: str = Field(
        default="",
        description="Public address of the HTTP server, for OAuth: https://mynah.example.com leads to host and port.",
    )
    encryption_key: Secret = Field(
        default=None,
        description="What tokens that came by OAuth are encrypted with, from `mynah slack key`. With commas between them, "
        "older keys behind the newest open what they locked, until everything is locked anew at the next start.",
    )
    host: str = Field(default="127.0.0.1", description="Address that HTTP Events and OAuth are received on.")
    port: int = Field(default=3000, ge=0, le=65_535, description="Port that HTTP Events and OAuth are received on.")
    api_url: str = Field(default="https://slack.com/api/", description="Address of Slack's Web API.")
    file_hosts: Hosts = Field(
        default=("slack.com",), description="Hosts, with their subdomains, that the bot token is sent to for files."
    )
    sockets: int = Field(
        default=2, ge=1, le=10, description="Connections in Socket Mode; Slack allows ten for all processes of an app."
    )
    pace: float = Field(
        default=1, gt=0, le=1000, description="Calls are made so many times as often as Slack publishes that it allows."
    )


class DiscordSettings(_Table):
    """How to reach Discord."""

    token: Secret = Field(default=None, description="Bot token of the Discord application.")
    message_content: bool = Field(
        default=True, description="Whether the privileged message-content intent is switched on for the application."
    )
    api_url: str = Field(default="https://discord.com/api/v10", description="Address of Discord's REST API.")
    gateway_url: str = Field(default="wss://gateway.discord.gg/", description="Address of Discord's gateway.")
    file_hosts: Hosts = Field(
        default=("cdn.discordapp.com", "media.discordapp.net"), description="Hosts that attachments are fetched from."
    )
    shards: str = Field(
        default="",
        description="Shards that this process holds: 0-3/16 (the first four of sixteen), 5/16 (one), 16 (all of them); "
        "empty: as many as Discord advises.",
    )

    @field_validator("shards")
    @classmethod
    def _shards_are_shards(cls, text: str) -> str:
        try:
            return str(parse_shards(text) or "")
        except SettingInvalid as error:
            raise ValueError(error.reason) from error

    @property
    def part(self) -> str:
        """The shards of this process where others hold the rest; empty when it holds all."""
        shards = parse_shards(self.shards)
        return str(shards) if shards and shards.is_part else ""


class RemoteSettings(_Table):
    """What every remote gateway has."""

    at_once: int = Field(default=64, ge=1, le=512, description="Calls at the same time; more wait for their turn.")
    per_minute: int = Field(
        default=0, ge=0, description="Calls within a minute; more wait for their turn. 0: any number."
    )


class OpenRouterSettings(RemoteSettings):
    """How to reach OpenRouter."""

    key: Secret = Field(default=None, description="API key (sk-or-…): turns the gateway `openrouter` on.")
    base_url: str = Field(default="https://openrouter.ai/api/v1", description="Address of the API.")
    provider: dict[str, Any] = Field(
        default={},
        description="Preferences of providers, sent with every chat request: "
        "https://openrouter.ai/docs/guides/routing/provider-selection.",
    )


class OpenRouteSettings(RemoteSettings):
    """How to reach OpenRoute.cn."""

    key: Secret = Field(default=None, description="API key: turns the gateway `openroute` on.")
    base_url: str = Field(default="https://www.openroute.cn/api/v1", description="Address of the API.")


class FalSettings(RemoteSettings):
    """How to reach fal. Its models are OpenRouter's, by the same names."""

    key: Secret = Field(default=None, description="API key (id:secret): turns the gateway `fal` on.")
    way: Literal["queue", "stream", "sync"] = Field(
        default="queue",
        description="How models are called. Only what went through the queue can be fetched again after a crash; "
        "stream shows an answer while it grows; sync is the plainest.",
    )
    run_url: str = Field(default="https://fal.run", description="Address for sync and stream.")
    queue_url: str = Field(default="https://queue.fal.run", description="Address of the queue.")
    rest_url: str = Field(
        default="https://rest.fal.ai", description="Address of the storage and of the webhooks' keys."
    )
    api_url: str = Field(default="https://api.fal.ai/v1", description="Address of the platform's API.")
    webhook_url: str = Field(
        default="",
        description="Public address under which fal reaches webhook_host; empty asks again and again instead.",
    )
    webhook_host: str = Field(default="127.0.0.1", description="Address that webhooks are received on.")
    webhook_port: int = Field(default=3001, ge=0, le=65_535, description="Port that webhooks are received on.")


class ServerSettings(RemoteSettings):
    """One server that speaks OpenAI's protocol: Ollama, llama.cpp, vLLM, speaches, LocalAI and others."""

    base_url: str = Field(description="Address of its API, with the version: http://127.0.0.1:11434/v1.")
    key: Secret = Field(default=None, description="API key, where it wants one.")
    models: dict[str, tuple[str, ...]] = Field(
        default={},
        description="What its models can do, where it does not tell: name to any of chat, audio, video, image, "
        "transcription and speech.",
    )
    voices: dict[str, tuple[str, ...]] = Field(
        default={}, description="Voices of its speaking models, the default one first: name to voices."
    )


class PriceSettings(_Table):
    """What a model charges, in US dollars, where its gateway does not tell or you know better."""

    prompt: Decimal = Field(default=Decimal(0), ge=0, description="For one token of the request.")
    completion: Decimal = Field(default=Decimal(0), ge=0, description="For one token of the answer.")
    audio_in: Decimal | None = Field(default=None, ge=0, description="For one token of sound that is heard.")
    audio_out: Decimal | None = Field(default=None, ge=0, description="For one token of sound that is spoken.")
    request: Decimal = Field(default=Decimal(0), ge=0, description="For each call.")
    picture: Decimal | None = Field(default=None, ge=0, description="For one picture.")
    second: Decimal = Field(default=Decimal(0), ge=0, description="For one second of a recording.")
    character: Decimal = Field(default=Decimal(0), ge=0, description="For one character that is spoken.")

    @property
    def price(self) -> Price:
        """The price in the core's words."""
        return Price(**self.model_dump())


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
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_default=True,
    )

    data: Path = Field(default=Path("data"), description="Folder of the database and of media that is being worked on.")
    database: str = Field(default="", description="Address of the database; empty means sqlite:///<data>/mynah.db.")
    turns: int = Field(default=100, ge=1, le=1000, description="Turns that run side by side.")
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
    openroute: OpenRouteSettings = Field(default=OpenRouteSettings(), description="How to reach OpenRoute.cn.")
    fal: FalSettings = Field(default=FalSettings(), description="How to reach fal.")
    servers: dict[str, ServerSettings] = Field(
        default={}, description="Servers that speak OpenAI's protocol, by the name that their models get in front."
    )
    prices: dict[str, PriceSettings] = Field(
        default={}, description="What models charge, by gateway/model; `*` stands for any letters."
    )
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
    def has_remote_gateways(self) -> bool:
        """Whether any model is not embedded."""
        return bool(self.openrouter.key or self.openroute.key or self.fal.key or self.servers)

    @property
    def channel_defaults(self) -> dict[str, str]:
        """What every channel is set to where nobody said otherwise: with a key of OpenRouter, its models come first."""
        return {**(WITH_OPENROUTER if self.openrouter.key else {}), **self.channels}

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
        SettingInvalid: a value is wrong, a name is unknown, or the file is not TOML; never shows a value.
    """
    path = settings_file()
    if "MYNAH_CONFIG" in os.environ and not path.is_file():
        raise SettingInvalid("MYNAH_CONFIG", f"there is no file {path}")
    _refuse_misspelt()
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise SettingInvalid(".".join(map(str, first["loc"])) or "settings", _reason(first)) from None
    except SettingsError as error:
        raise _not_a_table(str(error)) from None
    except OSError as error:
        raise SettingInvalid(str(path), f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SettingInvalid(str(path), f"is not TOML: {error}") from None


def variables() -> dict[str, str]:
    """Return the environment variable of every setting, by the setting's name in TOML."""
    return {name: f"{PREFIX}{name.replace('.', '__').upper()}" for name in _names(Settings)}


def _names(table: type[BaseModel], prefix: str = "") -> list[str]:
    names: list[str] = []
    for name, field in table.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += _names(field.annotation, f"{prefix}{name}.")
        else:
            names.append(f"{prefix}{name}")
    return names


def _refuse_misspelt() -> None:
    """Refuse a variable that looks like one of ours, but is none: whoever set it believes that it has an effect.

    Others are left alone: an orchestrator may put variables with our prefix into the environment.
    """
    known = [variable.removeprefix(PREFIX) for variable in variables().values()]
    for variable in os.environ:
        name = variable.upper().removeprefix(PREFIX)
        if variable.upper().startswith(PREFIX) and "__" not in name and name not in {*known, "CONFIG", "SECRETS"}:
            meant = get_close_matches(name, known, 1, ALIKE)
            if meant and name not in {field.upper() for field in Settings.model_fields}:
                raise SettingInvalid(variable, f"there is no such setting, but there is {PREFIX}{meant[0]}")


def _reason(error: ErrorDetails) -> str:
    """Say in plain words what pydantic found, https://docs.pydantic.dev/latest/errors/validation_errors/."""
    match error["type"]:
        case "extra_forbidden":
            meant = get_close_matches(".".join(map(str, error["loc"])), variables(), 1, ALIKE)
            return f"there is no such setting{f', but there is {meant[0]}' if meant else ''}"
        case "model_type":
            return "must be a table"
        case _:
            said = error["msg"].removeprefix("Value error, ")
            return said.replace("Input should be", "must be").partition(", unable to parse")[0]


def _not_a_table(said: str) -> SettingInvalid:
    """Name the variable that is no JSON; pydantic-settings says only which field it belongs to."""
    field = re.search(r'field "(\w+)"', said)
    variable = f"{PREFIX}{field[1].upper() if field else ''}"
    there = [name for name in os.environ if name.upper().startswith(variable)]
    variable = there[0] if len(there) == 1 else variable
    example = f'{{"name": "value"}}, or set each name by itself: {variable}__NAME'
    return SettingInvalid(variable, f"must be JSON in the environment, such as {example}")


def _toml(settings: type[BaseSettings]) -> tuple[PydanticBaseSettingsSource, ...]:
    path = settings_file()
    return (TomlConfigSettingsSource(settings, path),) if path.exists() else ()


def _secret_files(settings: type[BaseSettings]) -> tuple[PydanticBaseSettingsSource, ...]:
    folder = Path(os.environ.get("MYNAH_SECRETS", SECRETS_FOLDER))
    if not folder.is_dir():
        return ()
    return (NestedSecretsSettingsSource(SecretsSettingsSource(settings, folder), secrets_nested_delimiter="__"),)
