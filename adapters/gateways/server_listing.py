"""What the models of a server can do: read from its own listing, corrected by the settings. No network here.

`GET /models` is all that OpenAI's protocol has, and it tells only names. What else is told, by whom and where:

    llama.cpp  in the same answer: `architecture.input_modalities`, `meta.n_ctx`, and `models[].capabilities`
               https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
    vLLM       in the same answer: `max_model_len`
               https://docs.vllm.ai/en/stable/serving/openai_compatible_server/
    speaches   in the same answer: `task`, and `voices`
               https://speaches.ai/api/
    LocalAI    at `/models/capabilities`: capabilities, modalities and context
               https://localai.io/docs/reference/
    Ollama     at its own `/api/tags`: capabilities
               https://docs.ollama.com/api/tags

Where nobody tells anything, the name does: `whisper` writes down, `kokoro` speaks, and what is no better known chats.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.gateways.server_abilities import Ability, Known, named
from bot.domain.audio import MediaFormat

TOLD: Mapping[str, Ability] = {
    "completion": Ability.CHAT,
    "chat": Ability.CHAT,
    "vision": Ability.IMAGE,
    "audio": Ability.AUDIO,
    "transcript": Ability.TRANSCRIPTION,
    "automatic-speech-recognition": Ability.TRANSCRIPTION,
    "tts": Ability.SPEECH,
    "text-to-speech": Ability.SPEECH,
}
"""The servers' words. `image` is not among them: it stands for models that draw."""

USELESS = frozenset({"embedding", "embeddings", "rerank"})
"""LocalAI says `chat` of these models too."""

SENSES: Mapping[str, Ability] = {"audio": Ability.AUDIO, "video": Ability.VIDEO, "image": Ability.IMAGE}
"""What a chat model takes beside text."""

DECODED: Mapping[str, tuple[MediaFormat, ...]] = {
    "ollama": (MediaFormat.WAV,),
    "llamacpp": (MediaFormat.WAV, MediaFormat.MP3, MediaFormat.FLAC),
    "vllm": (MediaFormat.WAV, MediaFormat.MP3, MediaFormat.FLAC, MediaFormat.OGG),
    "speaches": (MediaFormat.WAV, MediaFormat.MP3, MediaFormat.FLAC, MediaFormat.OGG, MediaFormat.M4A),
}
"""Sound, by server: libsndfile reads it for vLLM, FFmpeg for speaches."""


def questions(listing: object, base_url: str) -> Mapping[str, str]:
    """Return where this server may tell more than its listing does: a name for each answer to its address.

    Args:
        listing: the answer to `GET /models`, parsed.
        base_url: of the API.

    Raises:
        ValueError: it is no listing.
    """
    rows = _rows(listing)
    owners = {_text(row.get("owned_by")) for row in rows}
    if not rows or owners & {"llamacpp", "vllm"} or any("task" in row for row in rows):
        return {}
    if all(row.keys() <= {"id", "object"} for row in rows):
        return {"capabilities": f"{base_url}/models/capabilities"}
    return {"tags": f"{base_url.removesuffix('/v1')}/api/tags"} if base_url.endswith("/v1") else {}


def parse_server(answers: object) -> Mapping[str, Known]:
    """Read what a server told of its models; those that we have no use for are left out.

    Args:
        answers: parsed, by the names of `questions`; `models` is the listing itself.

    Raises:
        ValueError: it is no listing.
    """
    told = _object(answers)
    listing, tags, capabilities = (_object(told.get(name)) for name in ("models", "tags", "capabilities"))
    others = (listing.get("models"), tags.get("models"), capabilities.get("data"))
    more = _by_name(row for rows in others for row in _objects(rows))
    found = {_name(row, tags): _known({**row, **more.get(row["id"], {})}, ollama=bool(tags)) for row in _rows(listing)}
    return {name: known for name, known in found.items() if known.abilities}


def _known(row: Mapping[str, Any], *, ollama: bool) -> Known:
    known = Known(
        abilities=_abilities(row),
        context_tokens=_context(row),
        voices=tuple(_voices(row.get("voices"))),
        audio_formats=DECODED.get(_server(row, ollama=ollama), ()),
    )
    return known if _tells(row) else replace(known, abilities=named(row["id"]).abilities)


def _abilities(row: Mapping[str, Any]) -> frozenset[Ability]:
    architecture = _object(row.get("architecture")) or row
    words = {*_texts(row.get("capabilities")), _text(row.get("task"))}
    if words & USELESS:
        return frozenset()
    able = {TOLD[word] for word in words & TOLD.keys()}
    inputs = {*_texts(architecture.get("input_modalities"))}
    outputs = {*_texts(architecture.get("output_modalities"))}
    if not words - {""} and "text" in inputs and "text" in outputs:
        able.add(Ability.CHAT)
    if Ability.CHAT in able:
        able |= {SENSES[word] for word in inputs & SENSES.keys()}
    return frozenset(able)


def _tells(row: Mapping[str, Any]) -> bool:
    """Whether a row tells anything of what the model can do."""
    return bool(row.get("capabilities") or row.get("task") or row.get("architecture") or row.get("input_modalities"))


def _context(row: Mapping[str, Any]) -> int | None:
    told = (row.get("max_model_len"), _object(row.get("meta")).get("n_ctx"), row.get("context_size"))
    return next((n for n in told if isinstance(n, int) and not isinstance(n, bool) and n > 0), None)


def _voices(voices: object) -> Iterator[str]:
    for voice in voices if isinstance(voices, list) else ():
        name = voice if isinstance(voice, str) else _object(voice).get("id") or _object(voice).get("name")
        if isinstance(name, str) and name:
            yield name


def _server(row: Mapping[str, Any], *, ollama: bool) -> str:
    """Return whose row this is, where that can be seen."""
    if ollama:
        return "ollama"
    return "speaches" if "task" in row else _text(row.get("owned_by"))


def _name(row: Mapping[str, Any], tags: Mapping[str, Any]) -> str:
    """Return a model's name as people write it: Ollama means `:latest` where none is said."""
    name: str = row["id"]
    return name.removesuffix(":latest") if tags else name


def _by_name(rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """Return what a row tells of abilities, by the model's name; the rest of it means something else elsewhere."""
    kept = ("capabilities", "input_modalities", "output_modalities", "context_size")
    names = [(row.get("id") or row.get("model") or row.get("name"), row) for row in rows]
    return {name: {key: row[key] for key in kept if row.get(key)} for name, row in names if isinstance(name, str)}


def _rows(listing: object) -> Sequence[Mapping[str, Any]]:
    match listing:
        case {"data": list(rows)}:
            return [row for row in _objects(rows) if isinstance(row.get("id"), str) and row["id"]]
        case {"data": None}:  # of Ollama, where there are none
            return ()
        case _:
            raise ValueError("no list of models")


def _objects(value: object) -> Sequence[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else ()


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> Sequence[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
