"""Acts that make things go wrong, or let time pass, or start afresh."""

from collections.abc import Callable
from typing import Any

from tests.fakes.discord.control.context import Context
from tests.fakes.discord.faults import KINDS, Fault
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.limits import Rule


def plan_fault(act: Context) -> None:
    """Plan a fault; the fields of `Fault`."""
    fault = Fault(**act.payload)
    if fault.kind not in KINDS:
        raise ValueError(f"no such kind of fault: {fault.kind}")
    act.control.faults.planned.append(fault)


def mend(act: Context) -> None:
    """Forget the faults that are still planned."""
    act.control.faults.planned.clear()


def set_limits(act: Context) -> None:
    """Switch the rate limits; `enabled`, `rules` ({"POST /path": [limit, seconds]}), `global_rule`."""
    limits = act.control.limits
    limits.enabled = act.payload.get("enabled", True)
    for bucket, (limit, seconds) in (act.payload.get("rules") or {}).items():
        limits.rules[bucket] = Rule(limit, seconds)
    if "global_rule" in act.payload:
        limits.global_rule = Rule(*act.payload["global_rule"])


def expire_urls(act: Context) -> None:
    """Let every attachment address that was given out so far stop working."""
    act.world.url_generation += 1


def advance(act: Context) -> dict[str, Any]:
    """Let time pass; `seconds`."""
    act.world.clock.advance(float(act.payload["seconds"]))
    return {"now": act.world.clock.now()}


PLAIN_ACTIONS: dict[str, Callable[[Gateway], None]] = {
    "cut": Gateway.cut,
    "reconnect": Gateway.ask_to_reconnect,
    "hold": Gateway.hold,
    "take_down": Gateway.take_down,
    "release": Gateway.release,
    "forbid_resume": Gateway.forbid_resume,
}


def trouble_gateway(act: Context) -> None:
    """Do something to the gateway; `action`, `code`, `times`."""
    gateway, code = act.control.gateway, int(act.payload.get("code") or 4000)
    match act.payload["action"]:
        case "close":
            gateway.close(code)
        case "refuse_identify":
            gateway.refuse_with += [code] * int(act.payload.get("times", 1))
        case action:
            PLAIN_ACTIONS[action](gateway)


def reset(act: Context) -> None:
    """Forget everything but the application's id and token, and cut the gateway."""
    act.control.gateway.reset()
    act.control.limits.reset()
    act.control.faults.planned.clear()
    act.world.clear()


ACTS = {
    "faults": plan_fault,
    "mendings": mend,
    "limits": set_limits,
    "expirations": expire_urls,
    "clock": advance,
    "gateway": trouble_gateway,
    "reset": reset,
}
