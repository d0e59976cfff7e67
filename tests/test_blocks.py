# SPDX-License-Identifier: MIT
"""Blocks in Python: complete while the reader stalls, exact about what is lost beyond."""

from __future__ import annotations

import asyncio
import math
import os
import random
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tenuto
from support.index_content import codes
from tenuto import Block
from tenuto.testing import VirtualDevice

SEED = 20_240


def stepped(source: Any = "index", **options: Any) -> VirtualDevice:
    return VirtualDevice(source, clocked=False, **options)


def assert_tells_its_frames(block: Block, device_samplerate: int = 48_000) -> None:
    """Each sample of an index device says which frame of the device it was."""
    said = codes(block.samples[: block.valid])
    assert np.array_equal(said, np.arange(block.frame, block.frame + block.valid))


def assert_explains_everything(
    blocks: Iterable[Block], total: int, losses: Sequence[tenuto.Gap] = ()
) -> None:
    """Sound and losses, in order, are all frames of the device: none twice, none unaccounted.

    `losses` are those of the stream: one at its very end is in front of no block.
    """
    at = 0
    for block in blocks:
        for gap in block.losses:
            assert (gap.frame, gap.frames > 0) == (at, True)
            at += gap.frames
        assert block.frame == at
        assert_tells_its_frames(block)
        at += block.valid
    for gap in losses:
        if gap.frame == at:
            at += gap.frames
    assert at == total


# -- nothing is lost within the buffer -----------------------------------------------------------


def test_nothing_is_lost_while_the_reader_stalls_at_random_for_up_to_the_buffer() -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    device = stepped()
    with tenuto.blocks(device, 1000, buffer_seconds=0.5) as stream:
        got, behind, stepped_frames = [], 0, 0
        for _ in range(60):
            stall = chance.choice([chance.randint(1, 24_000), 24_000])
            device.step(stall)
            stepped_frames += stall
            behind += stall
            while behind >= 1000:  # less than a block stays in the ring, in front of the next stall
                got.append(next(stream))
                behind -= 1000
        assert stream.losses == () and stream.lost_frames == 0
    got += list(stream)
    assert_explains_everything(got, stepped_frames)


def test_beyond_the_buffer_each_loss_is_told_with_its_exact_place_and_length() -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    device = stepped()
    with tenuto.blocks(device, 700, buffer_seconds=0.1) as stream:
        got, stepped_frames = [], 0
        for _ in range(30):
            stall = chance.randint(1, 40_000)
            device.step(stall)
            stepped_frames += stall
            while stream.waiting_seconds * 48_000 >= 700:
                got.append(next(stream))
    got += list(stream)
    assert_explains_everything(got, stepped_frames, stream.losses)
    assert sum(gap.frames for gap in stream.losses) == stream.lost_frames > 100_000
    assert {gap.cause for gap in stream.losses} == {"overflow"}


def test_losses_of_the_device_and_of_the_reader_stand_in_one_order() -> None:
    device = stepped(xruns=[(5_000, 64), (40_000, 1)], unplugs=[(20_000, 3_000)])
    with tenuto.blocks(device, 512, buffer_seconds=0.1) as stream:
        got = []
        for _ in range(6):
            device.step(10_000)
            while stream.waiting_seconds * 48_000 >= 512:
                got.append(next(stream))
        device.step(40_000)
    got += list(stream)
    assert_explains_everything(got, 100_000, stream.losses)
    told = [(gap.frame, gap.frames, gap.cause) for gap in stream.losses]
    assert told[:3] == [(5_000, 64, "xrun"), (20_000, 3_000, "device-lost"), (40_000, 1, "xrun")]
    assert [cause for _, _, cause in told[3:]] == ["overflow"]


def test_a_loss_at_the_very_end_is_told_too() -> None:
    device = stepped()
    with tenuto.blocks(device, 256, buffer_seconds=0.01) as stream:
        device.step(48_000)
    got = list(stream)
    assert stream.lost_frames == 48_000 - sum(block.valid for block in got)
    assert [(gap.frame + gap.frames, gap.cause) for gap in stream.losses] == [(48_000, "overflow")]


# -- what a block is -----------------------------------------------------------------------------


def test_blocks_have_one_length_and_a_loss_is_filled_up_with_silence() -> None:
    device = stepped(xruns=[(150, 30)])
    with tenuto.blocks(device, 100, seconds=350 / 48_000) as stream:
        device.step(400)
        got = list(stream)
    assert [(b.frame, b.valid, b.lost_before, b.cause) for b in got] == [
        (0, 100, 0, None),
        (100, 50, 0, None),
        (180, 100, 30, "xrun"),
        (280, 70, 0, None),
    ]
    assert all(b.samples.shape == (100, 1) and b.samples.dtype == np.float32 for b in got)
    assert not got[1].samples[50:].any() and not got[3].samples[70:].any()


def test_blocks_overlap_by_what_the_hop_leaves_and_begin_anew_behind_a_loss() -> None:
    device = stepped(xruns=[(500, 100)])
    with tenuto.blocks(device, 256, hop=64, seconds=1000 / 48_000) as stream:
        device.step(1000)
        got = list(stream)
    assert [b.frame for b in got] == [0, 64, 128, 192, 256, 600, 664, 728, 792]
    assert [b.valid for b in got] == [256, 256, 256, 256, 244, 256, 256, 256, 208]
    for block in got:
        assert_tells_its_frames(block)
    got[0].samples[:] = 0  # what one block's owner does to it is not seen in the next one
    assert_tells_its_frames(got[1])


def test_int16_is_rounded_and_clipped() -> None:
    x = np.array([0.0, 0.5, -1.0, 1.0, 2.0, -3.0, 1.4 / 32768, 1.6 / 32768], np.float32)
    device = stepped(x)
    with tenuto.blocks(device, 8, dtype="int16", seconds=8 / 48_000) as stream:
        device.step(8)
        (block,) = stream
    assert block.samples.dtype == np.int16
    assert block.samples[:, 0].tolist() == [0, 16384, -32768, 32767, 32767, -32768, 1, 2]


@pytest.mark.parametrize(("rate", "to"), [(48_000, 16_000), (44_100, 16_000), (16_000, 48_000)])
def test_a_sine_comes_out_as_the_same_sine_at_the_rate_of_the_model(rate: int, to: int) -> None:
    x = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
    device = stepped(x)
    options: Any = {"samplerate": to, "device_samplerate": rate, "seconds": 1.0}
    with tenuto.blocks(device, 400, **options) as stream:
        device.step(rate)
        got = list(stream)
    y = np.concatenate([b.samples[: b.valid, 0] for b in got])
    assert len(y) == to
    assert [b.frame for b in got] == list(range(0, to, 400))
    assert [b.device_frame for b in got] == pytest.approx(np.arange(0, to, 400) * rate / to)
    # soxr's HQ is made for 20 bits (-120 dB); the ends miss what would have come around them.
    exact = np.sin(2 * np.pi * 1000 * np.arange(to) / to)
    assert np.max(np.abs(y - exact)[400:-400]) < 2e-6


def test_converted_blocks_keep_their_place_behind_a_loss() -> None:
    device = stepped(np.ones(48_000), xruns=[(10_000, 1_000)])
    with tenuto.blocks(device, 100, samplerate=16_000, seconds=1.0) as stream:
        device.step(48_000)
        got = list(stream)
    (behind,) = [b for b in got if b.losses]
    assert (behind.lost_before, behind.device_frame) == (1_000, 11_000)
    assert behind.frame == round(11_000 / 3)
    before = got[got.index(behind) - 1]
    assert before.frame + before.valid == round(10_000 / 3)


def test_time_is_the_devices_and_does_not_slip_by_a_loss() -> None:
    device = stepped(xruns=[(20_000, 777)], jitter_seconds=0.0005)
    with tenuto.blocks(device, 480, seconds=1.0) as stream:
        device.step(48_000)
        got = list(stream)
    frames, times = np.array([b.frame for b in got]), np.array([b.time for b in got])
    error = (times - times[0]) - frames / 48_000
    # The loop follows the mean lateness (0.5 ms), the first block was late by its own; the loss
    # alone is 16 ms.
    assert np.max(np.abs(error)) < 0.001
    now, utc_now = tenuto._core.monotonic_ns() * 1e-9, got[-1].utc - got[-1].time
    assert abs(got[0].time - now) < 60 and utc_now > 1.6e9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"blocksize": 0}, "blocksize=0"),
        ({"hop": 2000}, "hop=2000"),
        ({"dtype": "float64"}, "float32.*int16"),
        ({"samplerate": 10}, "samplerate=10"),
        ({"seconds": 0}, "more than 0 s"),
        ({"buffer_seconds": 0.0}, "buffer_seconds"),
        ({"channels": 0}, "needs an input"),
    ],
)
def test_what_is_out_of_range_is_refused_by_name(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tenuto.blocks("virtual", **options)


# -- taps of a graph -----------------------------------------------------------------------------


def test_a_tap_gives_what_its_branch_carries_and_ends_with_its_engine() -> None:
    device = stepped(np.ones(1000))
    engine = tenuto.Engine(device, channels=(1, 0))
    tap = engine.connect(engine.input, tenuto.Gain(-6.0206), tenuto.Tap())
    with engine:
        device.step(1000)
        nothing = tap.read(2000, timeout=0)
    assert nothing is not None and len(nothing) == 1000
    assert nothing.samples == pytest.approx(0.5, abs=1e-5)
    assert tap.read(1) is None


def test_a_read_whose_time_is_up_gives_what_there_is() -> None:
    device = stepped()
    engine = tenuto.Engine(device, channels=(1, 0))
    tap = engine.connect(engine.input, tenuto.Tap())
    with engine:
        device.step(10)
        some, none = tap.read(20, timeout=0.001), tap.read(20, timeout=0.001)
    assert some is not None and len(some) == 10
    assert none is not None and len(none) == 0 and math.isnan(none.time)


def test_a_tap_without_an_engine_says_what_to_do() -> None:
    with pytest.raises(tenuto.TenutoError, match="connect it before"):
        tenuto.Tap().read(10)


def test_what_was_played_and_captured_is_aligned_by_frame() -> None:
    device = stepped("loopback")
    noise = np.random.default_rng(3).uniform(-1, 1, 4800).astype(np.float32)
    with tenuto.duplex_blocks(device, 480, device_blocksize=64, seconds=0.2) as stream:
        stream.play(noise)
        device.step(9600)
        got = list(stream)
    played = np.concatenate([b.played for b in got])[:, 0]
    captured = np.concatenate([b.captured for b in got])[:, 0]
    assert np.array_equal(played[:4800], noise) and not played[4800:].any()
    assert np.array_equal(captured[64:], played[:-64])  # this device is late by one block of it


# -- asyncio -------------------------------------------------------------------------------------


def test_async_for_gives_all_frames_of_a_clocked_device() -> None:
    async def collect() -> list[Block]:
        async with tenuto.blocks(VirtualDevice("index"), 480, seconds=0.1) as stream:
            return [block async for block in stream]

    got = asyncio.run(collect())
    assert len(got) == 10
    assert_explains_everything(got, 4800)


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_one_thread_wakes_all_readers_of_a_process() -> None:
    def threads() -> int:
        return len(os.listdir("/proc/self/task"))

    async def read_all() -> tuple[int, list[Any]]:
        device = stepped()
        engine = tenuto.Engine(device, channels=(1, 0))
        taps = [engine.connect(engine.input, tenuto.Tap()) for _ in range(8)]
        with engine:
            before = threads()
            reading = [asyncio.create_task(tap.read_async(1000)) for tap in taps]
            await asyncio.sleep(0)
            more = threads() - before
            device.step(1000)
            return more, await asyncio.gather(*reading)

    more, got = asyncio.run(read_all())
    assert more <= 1
    for block in got:
        assert_explains_everything([block], 1000)


def test_two_tasks_on_one_tap_are_refused() -> None:
    async def read_twice() -> None:
        device = stepped()
        engine = tenuto.Engine(device, channels=(1, 0))
        tap = engine.connect(engine.input, tenuto.Tap())
        with engine:
            first = asyncio.create_task(tap.read_async(10))
            await asyncio.sleep(0)
            with pytest.raises(tenuto.TenutoError, match="another task"):
                await tap.read_async(10)
            device.step(10)
            assert len(await first) == 10

    asyncio.run(read_twice())


def test_a_reader_that_is_cancelled_loses_nothing_for_the_next_one() -> None:
    async def cancel_one() -> Any:
        device = stepped()
        engine = tenuto.Engine(device, channels=(1, 0))
        tap = engine.connect(engine.input, tenuto.Tap())
        with engine:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(tap.read_async(100), 0.01)
            device.step(100)
            return await tap.read_async(100)

    assert_explains_everything([asyncio.run(cancel_one())], 100)


def test_events_tell_that_a_device_went_away_and_came_back() -> None:
    async def watch() -> list[tuple[str, int]]:
        device = stepped(unplugs=[(1000, 500)], xruns=[(3000, 64)])
        engine = tenuto.Engine(device, channels=(1, 0))
        events = engine.events()
        with engine:
            device.step(6000)
        return [(event.kind, event.frames) async for event in events]

    told = asyncio.run(watch())
    kinds = [kind for kind, _ in told]
    assert kinds[:2] == ["lost", "returned"] and kinds[-1] == "stopped"
    assert sum(frames for kind, frames in told if kind == "xrun") == 564


def test_events_wake_a_loop_that_waits_for_them() -> None:
    async def watch() -> list[str]:
        with tenuto.Engine("virtual", channels=(1, 0)) as engine:
            events = engine.events()
            waiting = asyncio.create_task(anext(events))
            await asyncio.sleep(0)
            await asyncio.to_thread(engine.close)
            return [(await waiting).kind] + [event.kind async for event in events]

    assert asyncio.run(watch()) == ["stopped"]


def test_a_recording_that_ends_by_itself_is_awaited(tmp_path: Path) -> None:
    async def record() -> tuple[tenuto.Take, int]:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0.001)
                turns += 1

        counting = asyncio.create_task(count())
        with tenuto.Recorder(tmp_path / "a.wav", "virtual", channels=1, seconds=0.2) as rec:
            rec.start()
            take = await rec.stopped()
        counting.cancel()
        return take, turns

    take, turns = asyncio.run(record())
    assert take.frames == 9600 and turns > 5  # the loop went on meanwhile
