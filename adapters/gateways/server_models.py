"""The models of one server: asked of it, corrected by the settings, and known from these alone while it is away."""

import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import structlog

from adapters.gateways.catalogue import Shelf
from adapters.gateways.client import Client
from adapters.gateways.copies import Copies
from adapters.gateways.endpoints import Endpoint
from adapters.gateways.problems import Call
from adapters.gateways.profiles import ModelFacts
from adapters.gateways.server_abilities import Ability, Known, corrected, facts, named
from adapters.gateways.server_listing import parse_server, questions
from bot.domain.errors import ModelProblem, SettingInvalid
from bot.domain.models import ModelRef

FRESH_SECONDS = 300.0
"""Models come and go here by a command of whoever owns the machine, and asking costs nothing."""
RETRY_SECONDS = 10.0

_log = structlog.get_logger(__name__)


class ServerModels:
    """Where the models of a server come from.

    Args:
        endpoint: the server.
        abilities: what models can do, where the server does not tell or is wrong: name to any of `Ability`; one that
            can do nothing is hidden.
        voices: of its speaking models, the default one first: name to voices.
        paid: patterns of the names of those that cost money, in full (`ollama/llama*`) or as the server has them; `*`
            stands for any letters. All others are free.

    Raises:
        SettingInvalid: there is no such ability.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        abilities: Mapping[str, Sequence[str]] | None = None,
        voices: Mapping[str, Sequence[str]] | None = None,
        paid: Sequence[str] = (),
    ) -> None:
        self._endpoint = endpoint
        self._voices = {name: tuple(said) for name, said in (voices or {}).items()}
        self._stated = {name: _stated(endpoint, name, words) for name, words in (abilities or {}).items()}
        for name in self._voices.keys() - self._stated.keys():
            self._stated[name] = frozenset({Ability.SPEECH})
        self._paid = tuple(paid)

    def shelf(self, copies: Copies | None = None) -> Shelf:
        """Return all of it in a gateway's words.

        Args:
            copies: keeps the server's answers on disk, so that its models are known while it is away.
        """
        return Shelf(
            fetch=fetch_answers,
            parse=lambda answers, _: self._facts(parse_server(json.loads(answers))),
            built_in=lambda _: self._facts({}),
            find=find_latest,
            guess=self.guess,
            copies=copies,
            fresh_seconds=FRESH_SECONDS,
            retry_seconds=RETRY_SECONDS,
        )

    def guess(self, model: str) -> ModelFacts:
        """Say what a model can do by its name, for as long as the server was never asked."""
        return self._told(model, named(model))

    def _facts(self, found: Mapping[str, Known]) -> Mapping[str, ModelFacts]:
        unlisted = {name: named(name) for name in self._stated if name not in found}
        told = {name: self._told(name, known) for name, known in {**found, **unlisted}.items()}
        return {name: model for name, model in told.items() if model.capabilities.kinds}

    def _told(self, name: str, known: Known) -> ModelFacts:
        known = corrected(known, self._stated.get(name), self._voices.get(name))
        names = (name, str(ModelRef(gateway=self._endpoint.name, name=name)))
        free = not any(fnmatchcase(said, pattern) for pattern in self._paid for said in names)
        return facts(known, self._endpoint, free=free)


async def fetch_answers(client: Client, endpoint: Endpoint, call: Call) -> bytes:
    """Ask a server what it has, and return its answers as one JSON object, to be kept and read by `parse_server`.

    Raises:
        ModelProblem: its models cannot be listed.
        ValueError: what came is no listing.
    """
    listing = json.loads(await client.get(endpoint.listing_path, call))
    answers = {"models": listing}
    for name, address in questions(listing, client.address).items():
        try:
            answers[name] = json.loads(await client.get(address, call))
        except (ModelProblem, ValueError) as error:
            _log.debug("server tells no more", gateway=endpoint.name, address=address, reason=str(error))
    return json.dumps(answers).encode()


def find_latest(models: Mapping[str, ModelFacts], name: str) -> ModelFacts | None:
    """Return what is known of a model by its name, also where Ollama's `:latest` is said though it need not be."""
    return models.get(name) or models.get(name.removesuffix(":latest"))


def _stated(endpoint: Endpoint, model: str, words: Sequence[str]) -> frozenset[Ability]:
    known = {ability.value: ability for ability in Ability}
    strange = [word for word in words if word not in known]
    if strange:
        raise SettingInvalid(f"{endpoint.settings}.models.{model}", f"{strange[0]!r} is none of {', '.join(known)}")
    return frozenset(known[word] for word in words)
