"""costs: what calls did cost, asked for later where it was not told at once.

A stream that was cut before its last word, or that we stopped, has no `usage`; its gateway knows the cost by the call's
name, mostly within seconds. Until it is known, the call's worst case stays held against the budgets.
"""

import structlog

from bot.domain.errors import ModelProblem, StorageProblem
from bot.domain.money import UnsettledCall
from bot.pipeline.house import House
from bot.ports import Billed

log = structlog.get_logger()

EVERY_SECONDS = 60.0
AT_ONCE = 50
"""Calls asked about in one round, the newest first: what is not known after that many newer ones is not known at all."""


async def settle_costs_for_ever(house: House) -> None:
    """Settle what can be settled, again and again, until cancelled."""
    while True:
        try:
            await settle_costs(house)
        except StorageProblem as error:
            log.warning("costs not settled", reason=str(error))
        await house.clock.sleep(EVERY_SECONDS)


async def settle_costs(house: House) -> int:
    """Ask the gateways what calls of unknown cost did cost, and write it down.

    Returns:
        How many were settled.

    Raises:
        StorageProblem: the calls cannot be read, or a cost not be written.
    """
    billed = [(name, gateway) for name, gateway in house.gateways.items() if isinstance(gateway, Billed)]
    return sum([await _settle_costs(house, name, gateway) for name, gateway in billed])


async def _settle_costs(house: House, name: str, gateway: Billed) -> int:
    calls = await house.ledger.unsettled(AT_ONCE, gateway=name)
    return sum([await _settle(house, gateway, call) for call in calls])


async def _settle(house: House, gateway: Billed, call: UnsettledCall) -> bool:
    try:
        usage = await gateway.cost(call.call)
    except ModelProblem as error:
        log.info("cost not told", gateway=call.gateway, call=call.call, reason=error.reason)
        return False
    return usage is not None and await house.ledger.settle(call, usage)
