"""`mynah demo`, `ask`, `transcribe` and `say`: one turn, with the terminal as its platform."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bot.app.opening import clip_named
from bot.app.terminal import Outcome, Question, run_in_terminal
from bot.cli.screen import Json, StageProgress, err, out, show_facts, show_json
from bot.domain.errors import SettingInvalid
from bot.domain.money import UsageRecord, show_dollars
from bot.settings import OpenRouterSettings, load_settings

SAMPLE = "voice-note.ogg"

WHOLE_JOB = {"videos": "both", "reply": "both", "temperature": "0"}
"""What every recording gets in the demo, whatever is set up: transcript, answer and voice, from the embedded models.

The tiny chat model is kept from wandering off."""

NEXT_STEPS = """
What to do next:
  mynah doctor                       check this machine and your settings
  mynah slack manifest               make the Slack app, then set MYNAH_SLACK__BOT_TOKEN and MYNAH_SLACK__APP_TOKEN
  mynah discord invite-url APP_ID    invite the Discord bot, then set MYNAH_DISCORD__TOKEN
  mynah serve                        connect and answer voice notes there"""

Recordings = Annotated[list[Path] | None, typer.Option("--file", "-f", help="A recording to ask about; repeatable.")]


def demo(
    voice_note: Annotated[
        Path | None, typer.Argument(help="Any audio or video file; a spoken sample without one.")
    ] = None,
) -> None:
    """Run the main job on a voice note with the embedded models: hear it, answer it, speak the answer."""
    with as_file(files("bot.cli").joinpath(SAMPLE)) as sample:
        path = _existing(voice_note or sample)
        out.print(f"A voice note for Mynah: [bold]{escape(path.name)}[/bold]")
        outcome = _run(Question(files=(path,)), quiet=False, channels=WHOLE_JOB)
    _fail_if_unanswered(outcome)
    show_facts(
        [
            ("Transcript", outcome.transcript or "(nothing was said)"),
            ("Answer", outcome.answer or outcome.text),
            *(("File", path) for path in outcome.files),
            *(("Reply clip", f"{clip.path} ({clip.seconds:.1f} s)") for clip in outcome.clips),
        ]
    )
    _show_usage(outcome.usage)
    out.print(NEXT_STEPS)


def ask(
    question: Annotated[list[str], typer.Argument(help="What you want to know.")],
    file: Recordings = None,
    *,
    json: Json = False,
) -> None:
    """Ask the chat model, in words, about recordings if you like."""
    paths = tuple(_existing(path) for path in file or [])
    _answer(Question(text=" ".join(question), files=paths, command="ask"), json=json)


def transcribe(
    file: Annotated[Path, typer.Argument(help="An audio or video file.")],
    *,
    json: Json = False,
) -> None:
    """Write down what is said in a recording."""
    outcome = _run(Question(files=(_existing(file),), command="transcribe"), quiet=json)
    if json:
        segments = [dict(zip(("start", "end", "text"), segment, strict=True)) for segment in outcome.segments]
        facts = {"text": outcome.transcript, "segments": segments, "files": list(map(str, outcome.files))}
        show_json(facts | {"usage": _usage_rows(outcome.usage), "error": outcome.error})
    _fail_if_unanswered(outcome)
    if not json:
        out.print(outcome.transcript or outcome.text, markup=False)
        _name_files(outcome)


def say(
    text: Annotated[list[str], typer.Argument(help="What to say.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the clip goes, in the format that the name ends in.")
    ] = Path("say.ogg"),
) -> None:
    """Speak a text into an audio file."""
    clip_named(output.name)
    if not os.access(output if output.exists() else output.parent, os.W_OK) or output.is_dir():
        raise SettingInvalid(str(output), "no file can be written there")
    outcome = _run(Question(text=" ".join(text), command="say", output=output), quiet=False)
    _fail_if_unanswered(outcome)
    if not outcome.clips:
        raise SettingInvalid("text", "there is nothing in it that can be read aloud")
    for clip in outcome.clips:
        out.print(f"{clip.path} ({clip.seconds:.1f} s)", markup=False)


def _answer(question: Question, *, json: bool) -> None:
    outcome = _run(question, quiet=json)
    if json:
        clips = [{"path": clip.path, "seconds": clip.seconds} for clip in outcome.clips]
        show_json(
            {"transcript": outcome.transcript, "answer": outcome.answer, "clips": clips}
            | {"files": list(map(str, outcome.files)), "usage": _usage_rows(outcome.usage), "error": outcome.error}
        )
    _fail_if_unanswered(outcome)
    if not json:
        out.print(outcome.text, markup=False)
        _name_files(outcome)


def _name_files(outcome: Outcome) -> None:
    """Say where the files of long transcripts are, beside what a script reads."""
    for path in outcome.files:
        err.print(f"Transcript: {path}", markup=False)


def _run(question: Question, *, quiet: bool, channels: Mapping[str, str] | None = None) -> Outcome:
    settings = load_settings()
    if channels is not None:
        # Without the key: whoever has one set sees the embedded models all the same, and pays nothing for a demo.
        settings = settings.model_copy(update={"channels": channels, "openrouter": OpenRouterSettings()})
    with StageProgress(quiet=quiet) as progress:
        return asyncio.run(run_in_terminal(settings, question, progress.begin))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise SettingInvalid(str(path), "there is no such file")
    return path.absolute()


def _show_usage(records: Sequence[UsageRecord]) -> None:
    for row in _usage_rows(records):
        parts = [str(row["model"]), str(row["kind"])]
        parts += [
            f"{row[name]} {name.replace('_', ' ')}" for name in ("tokens_in", "tokens_out") if row[name] is not None
        ]
        parts += [f"{row['audio_seconds']} s of sound"] if row["audio_seconds"] is not None else []
        parts += [f"took {row['seconds']} s", str(row["cost"])]
        show_facts([("Usage", ", ".join(parts))])


def _usage_rows(records: Sequence[UsageRecord]) -> list[dict[str, object]]:
    return [
        {
            "model": f"{record.gateway}/{record.model}",
            "kind": record.kind.value,
            "tokens_in": record.usage.tokens_in,
            "tokens_out": record.usage.tokens_out,
            "audio_seconds": None if record.usage.audio_ms is None else round(record.usage.audio_ms / 1000, 2),
            "seconds": round(record.duration_ms / 1000, 2),
            "cost": show_dollars(record.usage.cost),
        }
        for record in records
    ]


def _fail_if_unanswered(outcome: Outcome) -> None:
    """Say in a sentence why there is no answer, and end."""
    if outcome.error is not None:
        err.print(f"[red]mynah:[/red] {escape(outcome.text or outcome.error)}")
        sys.exit(1)
