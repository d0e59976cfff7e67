# SPDX-License-Identifier: MIT
"""What a sound file says about its music, read by mutagen (in the extra ``formats``)."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# One name for each thing: in Vorbis comments and mutagen's "easy" tags, and in ID3.
_NAMES = {
    "title": "TIT2",
    "artist": "TPE1",
    "album": "TALB",
    "albumartist": "TPE2",
    "tracknumber": "TRCK",
    "date": "TDRC",
    "genre": "TCON",
}


@dataclass(frozen=True)
class Picture:
    """A picture in a sound file, as a rule the cover of an album."""

    mime: str
    data: bytes


def is_there() -> bool:
    """Whether mutagen is installed; it is loaded only when it is needed."""
    return importlib.util.find_spec("mutagen") is not None


def read_tags(path: Path) -> dict[str, str]:
    """What is known of ``title artist album albumartist tracknumber date genre``; damaged or
    missing tags, or no mutagen, give none.
    """
    file = _open(path, easy=True)
    tags = getattr(file, "tags", None)
    found = {}
    for name, frame in _NAMES.items():
        for key in (name, frame):
            try:
                value = tags[key] if tags is not None else None
            except Exception:  # each kind of tags has its own idea of an unknown key
                continue
            text = "; ".join(map(str, value)) if isinstance(value, list) else str(value or "")
            if text:
                found[name] = text
                break
    return found


def read_pictures(path: Path) -> list[Picture]:
    """All pictures in the file."""
    file = _open(path, easy=False)
    try:
        return [Picture(str(mime), bytes(data)) for mime, data in _pictures(file)]
    except Exception:  # a damaged picture is none
        return []


def _pictures(file: Any) -> list[tuple[str, bytes]]:
    if file is None:
        return []
    found = [(p.mime, p.data) for p in getattr(file, "pictures", [])]  # FLAC
    tags = file.tags
    if tags is None:
        return found
    if hasattr(tags, "getall"):  # ID3
        found += [(p.mime, p.data) for p in tags.getall("APIC")]
    elif "covr" in tags:  # MP4
        from mutagen.mp4 import MP4Cover

        kinds = {MP4Cover.FORMAT_PNG: "image/png"}
        found += [(kinds.get(p.imageformat, "image/jpeg"), bytes(p)) for p in tags["covr"]]
    elif "metadata_block_picture" in tags:  # Ogg
        import base64

        from mutagen.flac import Picture as Block

        blocks = [Block(base64.b64decode(text)) for text in tags["metadata_block_picture"]]
        found += [(p.mime, p.data) for p in blocks]
    return found


def _open(path: Path, *, easy: bool) -> Any:
    if not is_there():
        return None
    import mutagen

    try:
        return mutagen.File(str(path), easy=easy)
    except Exception:  # whatever it trips over: there is nothing to be known
        return None
