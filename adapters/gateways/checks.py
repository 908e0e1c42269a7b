"""What the doctor says of a remote gateway, for nothing."""

from collections.abc import Mapping, Sequence

from adapters.gateways.catalogue import ModelList
from adapters.gateways.client import Client
from adapters.gateways.endpoints import Endpoint
from adapters.gateways.problems import Call
from adapters.gateways.profiles import ModelFacts
from adapters.gateways.records import Records
from bot.domain.errors import ModelCannot, ModelProblem, ModelRefused, ModelUnauthorised
from bot.domain.health import Finding
from bot.domain.money import show_amount

DAY = 86_400.0


async def findings(
    endpoint: Endpoint, client: Client, records: Records, models: ModelList, call: Call
) -> Sequence[Finding]:
    """Look whether a gateway can be reached and takes the key, what the key may still spend, and which models it has."""
    table = endpoint.settings or endpoint.name
    try:
        await client.get(endpoint.key_path, call)
        money = await _money(endpoint, records, call)
    except ModelUnauthorised as error:
        refuses = "does not take the key" if call.secret else "wants a key"
        what = f"{endpoint.name} {refuses}: {error.reason}, so its models answer nobody."
        return [Finding(ok=False, what=what, fix=_fix_key(table) if call.secret else f"Set {table}.key.")]
    except ModelRefused as error:
        if endpoint.settings:
            return [_unlisted(endpoint, await models.facts(), error.reason)]
        return [_no_answer(endpoint, table, error.reason)]
    except ModelProblem as error:
        return [_no_answer(endpoint, table, error.reason)]
    return [money, await _listing(endpoint, models)]


def _no_answer(endpoint: Endpoint, table: str, reason: str) -> Finding:
    what = f"{endpoint.name} gave no answer: {reason}, so its models answer nobody now."
    first = "Start it, or correct" if endpoint.settings else "Check the network, and"
    return Finding(ok=False, what=what, fix=f"{first} {table}.base_url of the settings.")


def _unlisted(endpoint: Endpoint, known: Mapping[str, ModelFacts], reason: str) -> Finding:
    """Judge a server that is there and lists nothing: some only have the paths to call one model."""
    what = f"{endpoint.name} does not list its models: {reason}"
    if known:
        return Finding(ok=True, what=f"{what}; the settings name {len(known)}.")
    fix = f"Name them in {endpoint.settings}.models, or correct {endpoint.settings}.base_url."
    return Finding(ok=False, what=f"{what}.", fix=fix)


async def _money(endpoint: Endpoint, records: Records, call: Call) -> Finding:
    takes = f"{endpoint.name} takes the key" if call.secret else f"{endpoint.name} answers"
    try:
        account = await records.account(call)
    except ModelCannot:
        return Finding(ok=True, what=f"{takes}.")
    spent = f"it was charged {show_amount(account.spent_this_month)} this month"
    if account.left is None:
        return Finding(ok=True, what=f"{takes}, which has no limit; {spent}.")
    if account.left == 0:
        fix = "Raise the key's limit at the gateway's site."
        return Finding(ok=False, what=f"{takes}, but its limit is used up; {spent}.", fix=fix)
    return Finding(ok=True, what=f"{takes}, which has {show_amount(account.left)} left of its limit; {spent}.")


async def _listing(endpoint: Endpoint, models: ModelList) -> Finding:
    count = len(await models.facts())
    if models.age is None:
        fix = "Look at the log for the reason; until then a built-in table stands in."
        return Finding(ok=False, what=f"{endpoint.name} does not list its models.", fix=fix)
    if not count:
        fix = f"Give it one, or name some in {endpoint.settings or endpoint.name}.models."
        return Finding(ok=False, what=f"{endpoint.name} has no models that can be used.", fix=fix)
    return Finding(ok=True, what=f"{endpoint.name} listed {count} models {show_age(models.age)}.")


def _fix_key(table: str) -> str:
    return f"Look at the account and the key at the gateway's site; the key is {table}.key of the settings."


def show_age(seconds: float) -> str:
    """Say for people how long ago something was."""
    if seconds < 60:
        return "just now"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} minutes ago"
    return f"{seconds / 3600:.0f} hours ago" if seconds < 2 * DAY else f"{seconds / DAY:.0f} days ago"
