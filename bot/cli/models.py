"""`mynah models`: what there is to choose from, what it does and what it charges."""

from collections.abc import Mapping
from dataclasses import asdict

from bot.cli.house import with_house
from bot.cli.screen import Json, out, show_json, show_rows
from bot.domain.models import Capabilities, Catalogue, ModelRef
from bot.domain.prices import abilities, show_price
from bot.pipeline.house import House
from bot.ports import Listed

NAMES = 6
"""Of a list in a table."""

UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def models(*, json: Json = False) -> None:
    """List the models that the gateways set up here offer: what each does, and what it charges."""

    async def read(house: House) -> tuple[Catalogue, Mapping[str, float | None]]:
        offered = await house.catalogue()
        dated = {name: gateway for name, gateway in house.gateways.items() if isinstance(gateway, Listed)}
        return offered, {name: gateway.listing_age() for name, gateway in dated.items()}

    offered, ages = with_house(read)
    if json:
        show_json([_facts(ref, can, ages.get(ref.gateway)) for ref, can in sorted(offered.items())])
        return
    rows = [_row(ref, can) for ref, can in sorted(offered.items())]
    show_rows(rows, empty="No model is set up: install the embedded ones with `make demo`.")
    for name, age in ages.items():
        out.print(f"{name}: {_age_words(age)}", markup=False)


def _facts(ref: ModelRef, can: Capabilities, age: float | None) -> dict[str, object]:
    price = None if can.price is None else asdict(can.price)
    return {
        "model": str(ref),
        "for": sorted(kind.value for kind in can.kinds),
        "takes": sorted(can.inputs),
        "does": abilities(can),
        "sound_formats": list(can.audio_formats),
        "voices": list(can.voices),
        "free": can.free,
        "price": show_price(can),
        "dollars": price and {name: None if each is None else f"{each:f}" for name, each in price.items()},
        "catalogue_age_seconds": None if age is None else round(age),
    }


def _row(ref: ModelRef, can: Capabilities) -> dict[str, object]:
    return {
        "model": ref,
        "does": ", ".join(abilities(can)),
        "sound formats": _listed(can.audio_formats),
        "voices": _listed(can.voices),
        "price": show_price(can),
    }


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:NAMES]) + (" …" if len(names) > NAMES else "")


def _age_words(age: float | None) -> str:
    """Say how old a list of models is."""
    if age is None:
        return "its list of models could not be read, so these are the ones that are known without asking."
    seconds, unit = next(((seconds, unit) for seconds, unit in UNITS if age >= seconds), (0, ""))
    count = int(age // seconds) if seconds else 0
    return (
        f"its list of models is {count} {unit}{'' if count == 1 else 's'} old."
        if count
        else "its list of models is fresh."
    )
