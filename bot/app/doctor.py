"""The doctor: looks at every part, and says what is wrong, why, and how to mend it."""

import getpass
from collections.abc import Sequence

from bot.app.opening import open_house, open_platforms
from bot.domain.channels import SERVICE_ORIGIN, Choice, ConfigLayer, settle, show_setting
from bot.domain.errors import StorageUnavailable
from bot.domain.health import Finding
from bot.domain.records import Dispute
from bot.logs import configure_logs
from bot.pipeline import why
from bot.pipeline.alone import ADVICE, warning
from bot.pipeline.house import House
from bot.ports import Checked
from bot.settings import Settings


async def examine(settings: Settings) -> Sequence[Finding]:
    """Check the database, the media tools, the models and every platform that is set up."""
    configure_logs(settings, quiet=True)
    findings: list[Finding] = []
    try:
        async with open_platforms(settings) as platforms, open_house(settings, platforms) as house:
            findings.append(Finding(ok=True, what=f"The database {settings.database_url} can be read and written."))
            for part in (house.media, *house.gateways.values(), *platforms.values()):
                if isinstance(part, Checked):
                    findings.extend(await part.check())
            findings.extend([_disputed(dispute) for dispute in await house.locks.disputes()])
            findings.extend(await _models_of_channels(settings, house))
    except StorageUnavailable as error:
        fix = (
            f"Let {getpass.getuser()} write there, or name another folder: MYNAH_DATA, or `data` in the settings file."
        )
        findings.append(Finding(ok=False, what=f"Nothing can be stored: {error}.", fix=fix))
    return findings


async def explain(settings: Settings, link: str) -> Finding:
    """Say what became of a message.

    Args:
        settings: of this process.
        link: of the message, as the platform's apps copy it.

    Raises:
        SettingInvalid: it is no link to a message of a platform that is set up here.
    """
    configure_logs(settings, quiet=True)
    async with open_platforms(settings) as platforms, open_house(settings, platforms) as house:
        return await why.explain(house, link)


def _disputed(dispute: Dispute) -> Finding:
    """Tell of a connection that more than one process holds."""
    return Finding(ok=False, what=warning(dispute), fix=ADVICE)


async def _models_of_channels(settings: Settings, house: House) -> Sequence[Finding]:
    """Look whether the models are here that channels use where nobody said otherwise."""
    config = settle([ConfigLayer(scope=SERVICE_ORIGIN, values=settings.channel_defaults)]).config
    findings: list[Finding] = []
    for name in ("transcription_model", "chat_model", "speech_model", "video_model"):
        refs: Choice = getattr(config, name)
        if not await house.catalogue_of(frozenset(refs)):
            what = f"Of the models that channels use by default ({name}: {show_setting(refs)}), none is here."
            fix = f"`mynah models` lists those that are; name one as {name} in the table `channels` of the settings."
            findings.append(Finding(ok=False, what=what, fix=fix))
    return findings
