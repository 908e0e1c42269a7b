"""panel: a channel's settings as a form: opened for who may change them, changed as a whole, with what can be chosen."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.domain.commands import CommandCall
from bot.domain.messages import Place
from bot.domain.models import Capabilities, Catalogue, ModelRef
from bot.domain.money import Nanodollars, show_amount
from bot.domain.panel import (
    BUDGETS,
    MODEL_FIELDS,
    ROWS,
    TITLE,
    Choice,
    Entry,
    EntryKind,
    Outcome,
    SettingsForm,
    languages,
    to_entries,
    voices,
)
from bot.domain.panel_changes import Changes, named_models, read_form, touched
from bot.domain.suggestions import Room, cut, fitting, model_choices
from bot.pipeline.commands.places import DENIED, channel_scope
from bot.pipeline.house import House
from bot.pipeline.people import language_of, refused
from bot.words import phrase, say, speaking

LOOK_SECONDS = 1.0
"""How long gateways may take to tell what there is: a platform does not wait for an answer for long."""

MOST_SHOWN = 80
"""Characters of a value that was changed."""

TOO_SLOW = phrase("I could not find out about this in time. Please try again.")


async def open_form(house: House, call: CommandCall) -> SettingsForm:
    """Return the form of a channel, in the language of who opens it; without entries for who may not change anything."""
    language = await language_of(house, call.place, call.author)
    with speaking(language):
        denied = await _denied(house, call)
        form = SettingsForm(title=say(TITLE), language=language, refusal=denied)
        return form if denied else replace(form, entries=tuple(await _entries(house, call)))


async def _denied(house: House, call: CommandCall) -> str:
    """Return why somebody may change nothing; in direct messages, which are their own, access decides that."""
    if not call.may_manage:
        return say(DENIED)
    if not call.place.direct:
        return ""
    return await refused(house, call.author, call.place, (await house.channels.config(call.place)).config)


async def _entries(house: House, call: CommandCall) -> Sequence[Entry]:
    settled, channel = await house.channels.config(call.place), channel_scope(call)
    known, _ = await _look_up(house, frozenset(ref for name in MODEL_FIELDS for ref in getattr(settled.config, name)))
    return to_entries(settled, await house.ledger.standing([channel]), known, channel, house.clock.now())


async def _look_up(house: House, refs: frozenset[ModelRef]) -> tuple[Catalogue, frozenset[ModelRef]]:
    """Return what some models can do, and those of them of which it takes too long to find out."""
    known: dict[ModelRef, Capabilities] = {}
    late: set[ModelRef] = set()

    async def ask(ref: ModelRef) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                known.update(await house.catalogue_of(frozenset({ref})))
        except TimeoutError:
            late.add(ref)

    async with asyncio.TaskGroup() as group:
        for ref in refs:
            group.create_task(ask(ref))
    return known, frozenset(late)


# --- what comes back ---------------------------------------------------------


async def change(house: House, call: CommandCall, filled: Mapping[str, str], shown: Mapping[str, str]) -> Outcome:
    """Change what somebody changed in a form, all of it or nothing; arguments as in `Intake.change_settings`."""
    form = await open_form(house, call)
    wanted = touched(filled, shown)
    if form.refusal or not wanted:
        return Outcome(form=form)
    with speaking(form.language):
        changes = await _read(house, call, wanted, filled)
        if changes.problems:
            return Outcome(form=form, problems=changes.problems)
        changes = _without_idle(changes, form)
        await _save(house, call, changes)
        changed = await open_form(house, call)
        return Outcome(form=changed, changed=tuple(await _told(house, changed, changes)))


async def _read(house: House, call: CommandCall, wanted: Mapping[str, str], filled: Mapping[str, str]) -> Changes:
    """Read what is wanted; a voice has to fit the model that is to speak, also where only that is another one."""
    config = (await house.channels.config(call.place)).config
    checked = {**wanted, **({"voice": filled["voice"]} if "speech_model" in wanted and "voice" in filled else {})}
    speaker = next(iter(_speakers(wanted)), config.speech_model[0])
    known, late = await _look_up(house, named_models(checked) | {speaker})
    if late:
        asked = {**checked, **({"voice": str(speaker)} if "voice" in checked else {})}
        return Changes(problems={name: say(TOO_SLOW) for name in asked if late & named_models({name: asked[name]})})
    changes = read_form(checked, speaker, known)
    settings = {name: value for name, value in changes.settings.items() if name in wanted}
    if "voice" not in checked and "speech_model" in wanted and not _has(known, speaker, config.voice):
        settings["voice"] = ""
    return replace(changes, settings=settings)


def _speakers(wanted: Mapping[str, str]) -> Sequence[ModelRef]:
    first = wanted.get("speech_model", "").partition(",")[0]
    return tuple(named_models({"speech_model": first}))


def _has(known: Catalogue, speaker: ModelRef, voice: str) -> bool:
    voices_known = known[speaker].voices if speaker in known else ()
    return not voice or not voices_known or voice in voices_known


def _without_idle(changes: Changes, form: SettingsForm) -> Changes:
    """Leave out what holds already, so that nothing is noted that changed nothing."""
    return replace(
        changes,
        settings={
            name: value
            for name, value in changes.settings.items()
            if (form.entry(name).here, form.entry(name).value) != (True, value)
            and (form.entry(name).here or value is not None)
        },
        budgets={
            BUDGETS[name]: changes.budgets[BUDGETS[name]]
            for name in BUDGETS
            if BUDGETS[name] in changes.budgets and form.entry(name).value != _amount(changes.budgets[BUDGETS[name]])
        },
    )


def _amount(limit: Nanodollars | None) -> str:
    return "" if limit is None else show_amount(limit)


async def _save(house: House, call: CommandCall, changes: Changes) -> None:
    scope, by = channel_scope(call), call.author.id
    for period, limit in changes.budgets.items():
        await house.ledger.set_budget(scope, period, limit, by=by)
    await house.channels.change(scope, changes.settings, by=by)


async def _told(house: House, form: SettingsForm, changes: Changes) -> Sequence[str]:
    """Return what was changed, and what is to be minded about it."""
    names = {*changes.settings, *(name for name, period in BUDGETS.items() if period in changes.budgets)}
    lines: list[str] = []
    for entry in form.entries:
        if entry.name in names:
            value = ", ".join(each.label for each in entry.chosen) or entry.value or say("nothing")
            lines.append(say("{label}: {value}", label=entry.label, value=cut(" ".join(value.split()), MOST_SHOWN)))
            lines += await _minded(house, entry)
    return lines


async def _minded(house: House, entry: Entry) -> Sequence[str]:
    if entry.kind is not EntryKind.MODELS:
        return ()
    known, _ = await _look_up(house, named_models({entry.name: entry.value}))
    unpriced = [ref for ref, can in known.items() if can.price is None and not can.free]
    return [say("⚠️ Nobody says what {model} charges.", model=ref) for ref in unpriced]


# --- what can be chosen ------------------------------------------------------


async def suggest(
    house: House, name: str, typed: str, *, place: Place, room: Room, filled: Mapping[str, str]
) -> Sequence[Choice]:
    """Return what fits what somebody has typed into a field; arguments as in `Intake.suggest`."""
    if name in MODEL_FIELDS:
        return model_choices(MODEL_FIELDS[name], typed, await house.catalogue_within(LOOK_SECONDS), room)
    return fitting(await _choices(house, name, place, filled), typed, room)


async def _choices(house: House, name: str, place: Place, filled: Mapping[str, str]) -> Sequence[Choice]:
    row = next((row for row in ROWS if row.name == name), None)
    if row is None:
        return ()
    if row.kind is EntryKind.LANGUAGE:
        return languages()
    if row.kind is not EntryKind.VOICE:
        return [Choice(value=value, label=say(label)) for value, label in row.choices.items()]
    config = (await house.channels.config(place)).config
    speaker = next(iter(_speakers(filled)), config.speech_model[0])
    known, _ = await _look_up(house, frozenset({speaker}))
    return voices(known.get(speaker))
