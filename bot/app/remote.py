"""The remote gateways that are set up: each one with a key, and each server with an address.

Their libraries take a while to import, so only who has one imports this module.
"""

from collections.abc import Iterator, Sequence

from adapters.gateways.catalogue import Shelf
from adapters.gateways.copies import Copies
from adapters.gateways.endpoints import OPENROUTE, OPENROUTER
from adapters.gateways.fal.gateway import FalGateway
from adapters.gateways.fal.options import Options, Places
from adapters.gateways.fal.webhook import WebhookPlace
from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.pace import Limits
from adapters.gateways.server_models import ServerModels
from adapters.gateways.servers import PATIENCE, server_endpoint
from bot.domain.errors import SettingInvalid
from bot.domain.money import Price
from bot.ports import Clock
from bot.settings import (
    FalSettings,
    OpenRouterSettings,
    OpenRouteSettings,
    RemoteSettings,
    Secret,
    ServerSettings,
    Settings,
)

TAKEN = frozenset({"local", "openrouter", "openroute", "fal"})
"""Names that no server can have."""


def remote_gateways(settings: Settings, clock: Clock, *, serving: bool) -> Iterator[RemoteGateway | FalGateway]:
    """Make every remote gateway that is set up; nothing is sent before they are opened.

    Args:
        settings: of this process.
        clock: says how old a list of models is.
        serving: whether the next process in the place of this one carries on what is cut off.

    Raises:
        SettingInvalid: a server has the name of another gateway, or a model of it is said to do what no model does.
    """
    copies = Copies(settings.data / "catalogues", clock)
    prices = {pattern: table.price for pattern, table in settings.prices.items()}
    if settings.openrouter.key is not None:
        yield _openrouter(settings.openrouter, Shelf(copies=copies, prices=prices))
    if settings.openroute.key is not None:
        yield _openroute(settings.openroute, Shelf(copies=copies, prices=prices))
    if settings.fal.key is not None:
        yield _fal(settings.fal, clock, carries_on=serving)
    for name, server in settings.servers.items():
        yield _server(name, server, copies, paid=[pattern for pattern, price in prices.items() if price != Price()])


def _openrouter(settings: OpenRouterSettings, shelf: Shelf) -> RemoteGateway:
    return RemoteGateway(
        OPENROUTER,
        _text(settings.key),
        settings.base_url,
        limits=_limits(settings),
        shelf=shelf,
        preferences=settings.provider,
    )


def _openroute(settings: OpenRouteSettings, shelf: Shelf) -> RemoteGateway:
    return RemoteGateway(OPENROUTE, _text(settings.key), settings.base_url, limits=_limits(settings), shelf=shelf)


def _fal(settings: FalSettings, clock: Clock, *, carries_on: bool) -> FalGateway:
    place = WebhookPlace(url=settings.webhook_url, host=settings.webhook_host, port=settings.webhook_port)
    options = Options(
        way=settings.way,
        places=Places(run=settings.run_url, queue=settings.queue_url, rest=settings.rest_url, api=settings.api_url),
        webhook=place if settings.webhook_url and carries_on else None,
        carries_on=carries_on,
        limits=_limits(settings),
    )
    return FalGateway(_text(settings.key), clock, options)


def _server(name: str, settings: ServerSettings, copies: Copies, *, paid: Sequence[str]) -> RemoteGateway:
    if name in TAKEN or "/" in name:
        raise SettingInvalid(f"servers.{name}", "this name is taken, or holds a slash: choose another")
    endpoint = server_endpoint(name, settings.base_url)
    models = ServerModels(endpoint, abilities=settings.models, voices=settings.voices, paid=paid)
    return RemoteGateway(
        endpoint, _text(settings.key), limits=_limits(settings), patience=PATIENCE, shelf=models.shelf(copies)
    )


def _limits(settings: RemoteSettings) -> Limits:
    return Limits(at_once=settings.at_once, per_minute=settings.per_minute)


def _text(secret: Secret) -> str:
    return "" if secret is None else secret.get_secret_value()
