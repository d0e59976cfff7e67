# SPDX-License-Identifier: MIT
"""Delay, Pan and Mixer against their closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from support.changes import check_forgets_what_is_not_finite, run_with_changes
from support.nodes import CHUNKINGS, check_chunks, run
from tenuto import Delay, GraphError, Mixer, Pan

NOISE = np.random.default_rng(1).uniform(-1, 1, (6000, 2)).astype(np.float32)
SINE = np.sin(2 * np.pi * 200 / 48000 * np.arange(24000))[:, None].astype(np.float32)
TINY = float(np.finfo(np.float32).tiny)


# -- Delay -------------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [0, 1, 5, 64, 1000, 5000])
def test_a_delay_gives_its_input_exactly_so_many_frames_later(frames: int) -> None:
    y = run(Delay(delay_frames=frames), NOISE)
    assert np.array_equal(y[frames:], NOISE[: len(NOISE) - frames])
    assert not y[:frames].any()


def test_a_delay_in_seconds_is_rounded_to_frames_of_the_samplerate() -> None:
    echo = Delay(0.01)
    assert [echo.delay_frames_at(fs) for fs in (8000, 44100, 48000)] == [80, 441, 480]
    y = run(echo, NOISE, samplerate=44100)
    assert np.array_equal(y[441:], NOISE[:-441])


@pytest.mark.parametrize("frames", [1, 3, 100, 2000])
def test_feedback_repeats_the_echo_as_the_difference_equation_says(frames: int) -> None:
    feedback, mix = -0.6, 0.3
    line = np.zeros((len(NOISE) + frames, 2))
    for n in range(len(NOISE)):
        line[n + frames] = NOISE[n] + feedback * line[n]
    expected = (1 - mix) * NOISE + mix * line[: len(NOISE)]
    y = run(Delay(delay_frames=frames, feedback=feedback, mix=mix), NOISE)
    # float32 rounds each of at most 1 / (1 - 0.6) repetitions at -144 dB.
    assert np.abs(y - expected).max() < 1e-6


def test_a_delay_of_no_frames_has_no_feedback() -> None:
    y = run(Delay(delay_frames=0, feedback=0.9, mix=1), NOISE)
    assert np.array_equal(y, NOISE)


@pytest.mark.parametrize("frames", [0, 1, 50, 700])
def test_it_does_not_matter_how_a_delay_is_cut_into_blocks(frames: int) -> None:
    check_chunks(lambda: Delay(delay_frames=frames, feedback=0.7, mix=0.4), NOISE)


def test_it_does_not_matter_how_a_delay_is_cut_while_it_changes() -> None:
    def once(blocks: list[int]) -> np.ndarray:
        echo = Delay(delay_frames=300, feedback=0.7, mix=0.4)

        def change() -> None:
            echo.delay_frames, echo.feedback, echo.mix = 20, -0.5, 0.9

        def again() -> None:  # while the first fade is on its way
            echo.delay_frames = 0

        return run_with_changes(echo, NOISE, {1500: change, 1700: again}, blocks)

    whole = once([1000])
    for blocks in CHUNKINGS.values():
        assert np.array_equal(once(blocks), whole)


def test_a_changed_delay_fades_to_the_new_echo_within_ten_milliseconds() -> None:
    echo = Delay(delay_frames=100)

    def change() -> None:
        echo.delay_frames = 900

    y = run_with_changes(echo, NOISE, {2000: change})
    fade = np.arange(1, 481)[:, None] / 480
    old, new = NOISE[1900:2380], NOISE[1100:1580]
    # The fade's weights and products are float32.
    assert np.abs(y[2000:2480] - ((1 - fade) * old + fade * new)).max() < 1e-6
    assert np.array_equal(y[2480:], NOISE[1580 : len(NOISE) - 900])


def test_a_delay_that_is_changed_all_the_time_never_clicks() -> None:
    echo = Delay(delay_frames=100)
    random = np.random.default_rng(5)
    changes = {
        int(at): lambda: setattr(echo, "delay_frames", int(random.integers(0, 5000)))
        for at in range(6000, 24000, 150)
    }
    y = run_with_changes(echo, SINE, changes)
    # The sine's own step, and that of a fade between its extremes in 480 frames.
    bound = 2 * np.pi * 200 / 48000 + 2 / 480
    assert np.abs(np.diff(y[6000:, 0])).max() < bound


def test_a_delay_forgets_what_is_not_finite() -> None:
    check_forgets_what_is_not_finite(lambda: Delay(delay_frames=90, feedback=0.5, mix=0.5), NOISE)


def test_huge_numbers_leave_a_delay_finite() -> None:
    x = np.full((4000, 1), 3e38, np.float32)
    assert np.isfinite(run(Delay(delay_frames=10, feedback=0.99), x)).all()


def test_a_minute_of_silence_leaves_no_denormals_in_a_delay() -> None:
    x = np.zeros((60 * 48000, 1), np.float32)
    x[:1000] = NOISE[:1000, :1]
    y = run(Delay(delay_frames=50, feedback=0.9, mix=0.5), x)
    assert not np.any((y != 0) & (np.abs(y) < TINY))
    assert not y[-48000:].any()


def test_a_delay_for_a_loop_must_be_a_block_long_and_all_echo() -> None:
    assert Delay(delay_frames=64)._instance(48000, 1, 64, in_loop=True).core.closes_loops
    assert not Delay(delay_frames=64)._instance(48000, 1, 64).core.closes_loops
    with pytest.raises(GraphError, match=r"63 frames.*at least 64"):
        Delay(delay_frames=63)._instance(48000, 1, 64, in_loop=True)
    with pytest.raises(GraphError, match=r"mix=0\.5"):
        Delay(delay_frames=64, mix=0.5)._instance(48000, 1, 64, in_loop=True)


def test_a_running_delay_takes_only_what_it_has_room_for() -> None:
    echo = Delay(delay_frames=100, most_seconds=0.01)
    instance = echo._instance(48000, 1, 64, in_loop=True)
    with pytest.raises(ValueError, match=r"between 64 and 480 frames.*closes a loop"):
        echo.delay_frames = 50
    with pytest.raises(ValueError, match=r"between 64 and 480 frames.*most_seconds"):
        echo.delay_frames = 481
    assert echo.delay_frames == 100
    with pytest.raises(ValueError, match=r"seconds=0\.02.*between 0 and 0\.01"):
        echo.seconds = 0.02
    echo.seconds = 0.005
    assert (echo.seconds, echo.delay_frames) == (0.005, None)
    assert instance.core.target_count == 3


def test_a_delay_says_what_is_wrong_with_its_arguments() -> None:
    with pytest.raises(ValueError, match="give one of the two"):
        Delay(0.1, delay_frames=10)
    with pytest.raises(ValueError, match=r"Delay.feedback=1\.0.*-0.99 and 0.99"):
        Delay(feedback=1.0)
    with pytest.raises(ValueError, match=r"delay_frames=1\.5.*whole number"):
        Delay(delay_frames=1.5)  # type: ignore[arg-type]
    assert Delay(7.0).most_seconds == 7


@pytest.mark.parametrize("echo", [Delay(0.2, feedback=0.1), Delay(delay_frames=7, mix=0.5)])
def test_a_delay_comes_back_from_its_table(echo: Delay) -> None:
    again = Delay._from_table(echo._to_table())
    assert again._to_table() == echo._to_table()
    assert None not in echo._to_table().values()  # TOML has no such thing
    with pytest.raises(TypeError, match='the key "frequency" is not known'):
        Delay._from_table({"frequency": 1})


# -- Pan ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "law, middle_db", [("constant_power", -3.0103), ("linear", -6.0206), ("compromise", -4.5154)]
)
def test_the_middle_is_as_loud_as_the_law_says(law: str, middle_db: float) -> None:
    y = run(Pan(0, law=law), np.ones(10))
    assert 20 * np.log10(y) == pytest.approx(middle_db, abs=1e-4)


@pytest.mark.parametrize("law", ["constant_power", "linear", "compromise"])
def test_at_the_ends_only_one_side_is_heard(law: str) -> None:
    assert np.array_equal(run(Pan(-1, law=law), np.ones(3)), [[1, 0]] * 3)
    assert np.array_equal(run(Pan(1, law=law), np.ones(3)), [[0, 1]] * 3)


def test_constant_power_is_constant_and_follows_the_sine() -> None:
    for position in np.linspace(-1, 1, 41):
        left, right = run(Pan(float(position)), np.ones(2))[1]
        assert left**2 + right**2 == pytest.approx(1, abs=2e-7)
        assert math.atan2(right, left) == pytest.approx((position + 1) * math.pi / 4, abs=1e-6)


def test_the_balance_makes_only_the_far_side_softer() -> None:
    assert np.array_equal(run(Pan(0), NOISE), NOISE)
    y = run(Pan(0.5), NOISE)
    assert np.array_equal(y[:, 1], NOISE[:, 1])
    far = np.float32(math.cos(0.75 * math.pi / 2) * math.sqrt(2))
    assert np.array_equal(y[:, 0], far * NOISE[:, 0])
    assert not run(Pan(-1), NOISE)[:, 1].any()


def test_it_does_not_matter_how_a_pan_is_cut_into_blocks() -> None:
    check_chunks(lambda: Pan(0.3), NOISE)

    def once(blocks: list[int]) -> np.ndarray:
        pan = Pan(0.3)
        return run_with_changes(pan, NOISE, {1500: lambda: setattr(pan, "position", -0.9)}, blocks)

    assert all(np.array_equal(once(blocks), once([1000])) for blocks in CHUNKINGS.values())


def test_three_channels_cannot_be_panned() -> None:
    with pytest.raises(GraphError, match="3 channels; a Pan takes 1 or 2"):
        Pan()._widths(3)
    with pytest.raises(ValueError, match=r"Pan.position=1\.5"):
        Pan(1.5)


# -- Mixer -------------------------------------------------------------------------------------


def test_a_mixer_is_a_matrix_product() -> None:
    random = np.random.default_rng(3)
    gains = random.uniform(-40, 6, (5, 3))
    x = random.uniform(-1, 1, (3000, 5)).astype(np.float32)
    y = run(Mixer(5, 3, gains), x)
    # Five products and sums in float32.
    assert np.abs(y - x @ 10 ** (gains / 20)).max() < 1e-6


def test_what_is_off_is_not_heard_at_all() -> None:
    y = run(Mixer(2, 3, [[0, None, -120], [None, None, -6]]), NOISE)
    assert np.array_equal(y[:, 0], NOISE[:, 0])
    assert not y[:, 1].any()
    assert np.array_equal(y[:, 2], np.float32(10 ** (-6 / 20)) * NOISE[:, 1])


def test_it_does_not_matter_how_a_mixer_is_cut_into_blocks() -> None:
    check_chunks(lambda: Mixer(2, 2, [[0, -6], [-12, 3]]), NOISE)

    def once(blocks: list[int]) -> np.ndarray:
        desk = Mixer(2, 2)

        def change() -> None:
            desk.gains_db = [[None, 3], [0, -20]]

        return run_with_changes(desk, NOISE, {1500: change, 1700: change}, blocks)

    assert all(np.array_equal(once(blocks), once([1000])) for blocks in CHUNKINGS.values())


def test_one_gain_moves_in_a_straight_line_and_the_others_stay() -> None:
    desk = Mixer(2, 1)
    ones = np.ones((2000, 2))
    y = run_with_changes(desk, ones, {1000: lambda: desk.set_gain_db(1, 0, None)})[:, 0]
    assert np.array_equal(y[:1000], [2] * 1000)
    assert np.abs(y[1000:1480] - (2 - np.arange(1, 481) / 480)).max() < 1e-6
    assert np.array_equal(y[1480:], [1] * 520)


def test_a_mixer_has_its_widths_whatever_is_connected() -> None:
    desk = Mixer(4, 2)
    assert [desk._widths(n) for n in (0, 1, 4)] == [(4, 2)] * 3
    with pytest.raises(GraphError, match=r"5 channels, but has 4 sources: make it a Mixer\(5, 2\)"):
        desk._widths(5)


def test_a_port_of_a_mixer_is_a_channel_of_its_input() -> None:
    port = Mixer(4).source(2)
    assert (port.name, port.first, port.channels) == ("main", 2, 1)
    with pytest.raises(ValueError, match=r"source=4.*between 0 and 3"):
        Mixer(4).source(4)


def test_a_mixer_says_what_is_wrong_with_its_matrix() -> None:
    with pytest.raises(ValueError, match=r"2 rows of 1 gains.*2 \(sources\) of 2 \(outputs\)"):
        Mixer(2, 2, [[0], [0]])
    with pytest.raises(ValueError, match=r"gains_db\[1\]\[0\]=61.*-120 and 60 dB"):
        Mixer(2, 1, [[0], [61]])
    desk = Mixer(2, 1)
    with pytest.raises(ValueError, match="output=1"):
        desk.set_gain_db(0, 1, 0)
    assert desk.gains_db == ((0.0,), (0.0,))


def test_a_mixer_comes_back_from_its_table() -> None:
    desk = Mixer(2, 3, [[0, -1, None], [-2, -3, -4]])
    assert Mixer._from_table(desk._to_table()).gains_db == desk.gains_db
    with pytest.raises(TypeError, match='"sources" is missing'):
        Mixer._from_table({"outputs": 2})
