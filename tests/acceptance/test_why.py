"""Why was this message not answered? The doctor tells from its link."""

import pytest

from tests.acceptance.stages import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60), pytest.mark.slow]


async def told(stage: Stage, message: str) -> tuple[int, str]:
    link = (await stage.scene.link_to(message)).strip("<>")
    status, out, err = await stage.installation.run("doctor", link)
    assert not err
    return status, " ".join(out.split())


async def test_the_doctor_tells_what_became_of_a_message(stage: Stage):
    await stage.openrouter.say("Good morning.")
    stage = stage.with_scene(scene := await stage.scene.among_others())
    answered = await scene.write(f"{scene.mention} hello?")
    await scene.wait(answered, texts=1)
    await stage.over(answered)
    status, out = await told(stage, answered)
    assert status == 0
    assert "✓ It was answered on" in out
    assert "mynah runs show" in out

    overheard = await scene.write("good morning, everybody")
    status, out = await told(stage, overheard)
    assert (status, out) == (
        0,
        "✓ It was said in a channel without a mention. → Mention Mynah to be answered.",
    )
    spoken = await scene.speak()
    status, out = await told(stage, spoken)
    assert "It is a voice note without a mention, and this channel hears those only by name." in out
    assert "/settings hear_unmentioned on" in out


async def test_the_doctor_says_when_a_link_leads_nowhere(stage: Stage):
    gone = await stage.scene.write("never mind")
    link = (await stage.scene.link_to(gone)).strip("<>")
    await stage.scene.delete(gone)
    status, out, err = await stage.installation.run("doctor", link)
    assert (status, err) == (1, "")
    assert "✗ I cannot see that message:" in out
    status, out, err = await stage.installation.run("doctor", "https://example.com/1")
    assert status == 2
    assert err == "mynah: link: it is no link to a message of a platform that is set up here.\n"
