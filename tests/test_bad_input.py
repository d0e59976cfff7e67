# SPDX-License-Identifier: MIT
"""Bad input gives an error that says what is possible, before anything changes on the disk."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import soundfile

import tenuto
from support.faults import MountDisk
from tenuto import _core, _devices
from tenuto._devices.miniaudio import Found
from tenuto._devices.virtual import VirtualAdapter
from tenuto.testing import VirtualDevice

INTERFACE = Found("alsa", "Scarlett 2i2", "hw:1", in_channels=2, out_channels=2)
INTERFACE.in_rates = (44_100, 48_000, 96_000)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[Found]:
    """A machine with one sound card, whatever is really there; may be emptied by a test."""
    there = [INTERFACE]
    monkeypatch.setattr(_devices, "_search", lambda backends, **_: [(None, one) for one in there])
    return there


def refused(
    path: Path | None, kind: type[Exception], device: Any = "virtual", **options: Any
) -> str:
    """The message with which a recorder refuses these arguments."""
    with pytest.raises(kind) as caught:
        tenuto.Recorder(path, device, **options)
    if path is not None and path.suffix:
        assert not path.exists(), "a refused recording must leave no file"
    return str(caught.value)


# -- devices -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Focusrite", "alsa:nothing", 7, -1])
def test_an_unknown_device_is_refused_with_the_list_of_what_there_is(
    machine: list[Found], tmp_path: Path, name: str | int
) -> None:
    message = refused(tmp_path / "a.wav", tenuto.DeviceError, name)
    assert str(name) in message
    assert '0: "Scarlett 2i2" (alsa)' in message
    assert '"virtual"' in message


def test_a_number_behind_a_back_end_counts_its_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [
        Found("pulse", "Built-in", "pulse-1", in_channels=2),
        Found("alsa", "HDA Intel", "hw:1,0", in_channels=2),
        Found("alsa", "Scarlett 2i2", "hw:0,0", in_channels=2),
    ]

    def search(backends: tuple[str, ...], **_: bool) -> list[tuple[None, Found]]:
        return [(None, one) for one in there if one.backend in backends]

    monkeypatch.setattr(_devices, "_search", search)
    wanted = _devices.Wanted(48_000, 0, (0,), 1, 0)
    names = [_devices.find_adapter(name, wanted).offered.name for name in ("alsa:0", "alsa:1", 1)]
    assert names == ["HDA Intel", "Scarlett 2i2", "HDA Intel"]
    with pytest.raises(tenuto.DeviceError, match=r"number 2 of alsa.*0: .HDA.*1: .Scarlett"):
        _devices.find_adapter("alsa:2", wanted)


@pytest.mark.parametrize("name", [None, "jack", "Focusrite"])
def test_a_machine_without_devices_is_told_of_the_virtual_one(
    machine: list[Found], tmp_path: Path, name: str | None
) -> None:
    machine.clear()
    assert '"virtual"' in refused(tmp_path / "a.wav", tenuto.DeviceError, name)


def test_no_default_device_says_where_was_looked_and_how_to_go_on(machine: list[Found]) -> None:
    machine.clear()
    message = refused(None, tenuto.DeviceError, None)
    assert "alsa" in message
    assert 'device="virtual"' in message


@pytest.mark.parametrize("device", [True, 1.5, b"virtual", object()])
def test_what_names_no_device_is_refused(machine: list[Found], device: object) -> None:
    assert "device=" in refused(None, tenuto.DeviceError, device)


@pytest.mark.parametrize("samplerate", [8_000, 192_000])
def test_a_rate_that_the_device_lacks_is_refused_with_the_rates_that_it_offers(
    machine: list[Found], tmp_path: Path, samplerate: int
) -> None:
    message = refused(tmp_path / "a.wav", tenuto.DeviceError, "Scarlett", samplerate=samplerate)
    assert f"{samplerate} Hz" in message
    assert "44100, 48000, 96000" in message


@pytest.mark.parametrize("channels", [3, [1, 4], 64])
def test_channels_that_the_device_lacks_are_refused_with_the_number_that_it_has(
    machine: list[Found], tmp_path: Path, channels: Any
) -> None:
    message = refused(tmp_path / "a.wav", tenuto.DeviceError, "Scarlett", channels=channels)
    assert "it has 2" in message


def test_a_device_without_inputs_cannot_be_recorded(machine: list[Found]) -> None:
    machine[:] = [Found("alsa", "HDMI", "hw:2", out_channels=2)]
    assert "no input" in refused(None, tenuto.DeviceError, "HDMI")


def test_a_virtual_device_is_refused_when_its_file_is_not_there(tmp_path: Path) -> None:
    message = refused(None, tenuto.FileError, f"virtual:{tmp_path / 'nothing.wav'}")
    assert "nothing.wav" in message


def test_a_virtual_device_is_refused_when_its_file_is_no_sound(tmp_path: Path) -> None:
    (tmp_path / "letter.wav").write_text("Dear Sir or Madam")
    assert "letter.wav" in refused(None, tenuto.FileError, f"virtual:{tmp_path / 'letter.wav'}")


# -- numbers -------------------------------------------------------------------------------------

NO_NUMBERS = [math.nan, math.inf, -math.inf, "3", True, None]


@pytest.mark.parametrize(
    "seconds", [-1, 0, 0.0, -0.001, 1e15, 1e300, math.nan, math.inf, "3", True]
)
def test_a_length_that_is_no_time_is_refused(tmp_path: Path, seconds: Any) -> None:
    assert "seconds=" in refused(tmp_path / "a.wav", ValueError, seconds=seconds)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("samplerate", [0, -48_000, 999, 768_001, 44_100.5, *NO_NUMBERS]),
        ("channels", [0, -1, 1025, [], [0], [1, 1], [1.5], [-1], ["a"], True, "2", math.nan]),
        ("blocksize", [-1, 65_537, 0.5, *NO_NUMBERS]),
        ("ring_seconds", [0, -1, 601, math.nan, "3", None]),
        ("monitor_gain_db", [-121, 21, math.nan, "3", None]),
        ("monitor", ["", "on", True, None]),
        ("format", [3, b"WAV", True]),
        ("subtype", [3, b"PCM_24"]),
        ("cpu", [-1, 100_000, 0.5, math.nan, "0", True]),
    ],
)
def test_a_number_out_of_range_is_refused_by_its_name(
    tmp_path: Path, name: str, values: list[Any]
) -> None:
    for value in values:
        message = refused(tmp_path / "a.wav", ValueError, **{name: value})
        assert f"{name}=" in message, f"{value!r}: {message}"


@pytest.mark.parametrize(
    "options",
    [
        {"drift_ppm": 1001},
        {"drift_ppm": math.nan},
        {"drift_ppm": "x"},
        {"jitter_seconds": -1},
        {"jitter_seconds": None},
        {"seed": -1},
        {"seed": 0.5},
        {"xruns": [(100, 0)]},
        {"xruns": [(-1, 5)]},
        {"xruns": [(100, 50)], "unplugs": [(120, 10)]},
        {"source": "noise"},
        {"source": [[[0.0]]]},
    ],
)
def test_a_virtual_device_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be|give|overlaps|possible"):
        VirtualDevice(**options)


@pytest.mark.parametrize("frames", [-1, 1.5, "x", None, 1e300])
def test_a_step_that_is_no_number_of_frames_is_refused(frames: Any) -> None:
    device = VirtualDevice(clocked=False)
    with tenuto.Recorder(None, device) as recorder:
        recorder.start()
        with pytest.raises(ValueError, match="frames="):
            device.step(frames)


# -- files ---------------------------------------------------------------------------------------


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path / "nowhere" / "a.wav", tenuto.FileError)
    assert f'no folder "{tmp_path / "nowhere"}"' in message


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "is not a folder" in refused(tmp_path / "file" / "a.wav", tenuto.FileError)


def test_a_path_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    assert "it is a folder" in refused(tmp_path, tenuto.FileError, format="WAV")


def test_a_folder_that_may_not_be_written_is_refused(mount_disk: MountDisk) -> None:
    folder = mount_disk(options="ro")  # root may write whatever the mode says, but not here
    assert "may not write" in refused(folder / "a.wav", tenuto.FileError)


@pytest.mark.parametrize("name", ["a" * 300 + ".wav", "a" * 245 + ".wav", "x\0.wav"])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(tenuto.FileError, match=r"too long|zero byte"):
        tenuto.Recorder(tmp_path / name, "virtual")
    with pytest.raises(tenuto.FileError, match=r"too long|zero byte"):
        tenuto.FileRecorder(tmp_path / name)


@pytest.mark.parametrize("there", ["a.wav", "a.tenuto.json"])
def test_an_existing_file_or_ledger_is_not_overwritten_unasked(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("precious")
    with pytest.raises(tenuto.FileError, match=r"exists already.*overwrite=True"):
        tenuto.Recorder(tmp_path / "a.wav", "virtual")
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "precious"


def test_a_file_that_appears_before_the_start_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with tenuto.Recorder(path, "virtual") as recorder:
        path.write_text("precious")
        with pytest.raises(tenuto.FileError, match="exists already"):
            recorder.start()
    assert path.read_text() == "precious"


def test_overwriting_replaces_the_file_and_its_old_ledger(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"x" * 1_000_000)
    path.with_suffix(".tenuto.json").write_text("of the old one")
    device = VirtualDevice("index", clocked=False)
    with tenuto.Recorder(path, device, channels=1, overwrite=True) as recorder:
        recorder.start()
        device.step(4_800)
        take = recorder.stop()
    assert len(take.to_numpy()) == 4_800
    assert path.stat().st_size < 20_000
    assert [left.name for left in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize("at", ["the device", "the track"])
def test_a_recording_that_does_not_start_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    path, ledger = tmp_path / "a.wav", tmp_path / "a.tenuto.json"
    path.write_text("precious")
    ledger.write_text("precious, too")

    def fail(*_: object) -> None:
        raise tenuto.DeviceError("on purpose") if at == "the device" else RuntimeError("on purpose")

    where = VirtualAdapter if at == "the device" else _core
    monkeypatch.setattr(where, "start" if at == "the device" else "file_track", fail)
    recorder = tenuto.Recorder(path, "virtual", overwrite=True)
    with recorder, pytest.raises(tenuto.TenutoError, match="on purpose"):
        recorder.start()
    assert path.read_text() == "precious" and ledger.read_text() == "precious, too"
    assert len(list(tmp_path.iterdir())) == 2


def test_overwriting_keeps_links_and_rights(tmp_path: Path) -> None:
    path, link = tmp_path / "a.wav", tmp_path / "link.wav"
    path.write_text("old")
    path.chmod(0o600)
    link.symlink_to(path)
    tenuto.record(link, 0.01, device="virtual", overwrite=True)
    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o600
    assert soundfile.info(str(path)).frames == 480
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["a", "a.xyz", "a.wav.txt", "a."])
def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    message = refused(tmp_path / name, tenuto.FileError)
    assert ".flac" in message
    assert ".wav" in message


@pytest.mark.parametrize(
    ("options", "possible"),
    [
        ({"subtype": "PCM_23"}, "PCM_24"),
        ({"subtype": "VORBIS"}, "PCM_24"),
        ({"subtype": ""}, "PCM_24"),
        ({"format": "WMA"}, "FLAC"),
        ({"format": "FLAC", "channels": 9}, "WAV"),
        ({"format": "FLAC", "subtype": "FLOAT"}, "PCM_24"),
        ({"format": "OGG", "subtype": "OPUS", "samplerate": 44_100}, "24000 48000 Hz"),
        ({"format": "OGG", "samplerate": 768_000}, "8000 to 192000 Hz"),
        ({"format": "FLAC", "samplerate": 700_000}, "WAV"),
    ],
)
def test_a_format_that_cannot_be_is_refused_with_what_is_possible(
    tmp_path: Path, options: dict[str, Any], possible: str
) -> None:
    assert possible in refused(tmp_path / "a.wav", tenuto.FileError, **options)
