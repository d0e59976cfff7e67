#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Send 16 kHz int16 blocks to a web socket, as speech services want them.

The device runs at its own rate, the blocks are converted. When the network stalls for less than
the buffer's length, nothing is lost; if it does for longer, the receiver is told how much.

    python examples/stream_16k.py --device pulse --seconds 10 --url ws://127.0.0.1:8765

Without --url it talks to a receiver of its own. Needs websockets: pip install websockets.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import json
from typing import Any

import tenuto

RATE, BLOCK = 16_000, 320  # 20 ms


async def send(url: str, device: str, seconds: float) -> None:
    from websockets.asyncio.client import connect

    sent = 0
    async with (
        connect(url) as socket,
        tenuto.blocks(
            device, BLOCK, samplerate=RATE, dtype="int16", buffer_seconds=30, seconds=seconds
        ) as stream,
    ):
        await socket.send(json.dumps({"samplerate": RATE, "encoding": "pcm_s16le"}))
        async for block in stream:
            if block.lost_before:
                await socket.send(json.dumps({"frame": block.frame, "lost": block.lost_before}))
            await socket.send(block.samples[: block.valid].astype("<i2").tobytes())
            sent += block.valid
        await socket.send(json.dumps({"end": True}))
        answer = json.loads(await socket.recv())
    print(f"sent {sent} frames, {answer['frames']} arrived, {stream.lost_frames} were lost")


async def receive(socket: Any) -> None:
    frames = 0
    async for message in socket:
        if isinstance(message, bytes):
            frames += len(message) // 2
        elif json.loads(message).get("end"):
            await socket.send(json.dumps({"frames": frames}))


async def run(asked: argparse.Namespace) -> None:
    from websockets.asyncio.server import serve

    async with contextlib.AsyncExitStack() as stack:
        url = asked.url
        if url is None:
            server = await stack.enter_async_context(serve(receive, "127.0.0.1", 0))
            url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        await send(url, asked.device, asked.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="virtual")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--url")
    asked = parser.parse_args()
    if importlib.util.find_spec("websockets") is None:
        print("skipped: websockets is not installed (pip install websockets)")
        return
    asyncio.run(run(asked))


if __name__ == "__main__":
    main()
