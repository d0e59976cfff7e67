# SPDX-License-Identifier: MIT
"""What tenuto takes from inside other packages is still there, and means what it meant.

Each test fails with one sentence that says what a new release has moved.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tenuto
from tenuto import _core, _sndfile
from tenuto._devices import miniaudio

_miniaudio = pytest.importorskip("_miniaudio", reason="the miniaudio package has moved its module")
PACKAGE = Path(tenuto.__file__).parent
ADAPTER = (PACKAGE / "_devices" / "miniaudio.py").read_text(encoding="utf-8")

FUNCTIONS = sorted(set(re.findall(r"\blib\.(ma_[a-z_]+)\(", ADAPTER)))
CONSTANTS = [
    "MA_SUCCESS",
    "ma_device_type_capture",
    "ma_device_type_playback",
    *(f"ma_backend_{name}" for name in ("pulseaudio", "jack", "alsa")),
    *(f"ma_backend_{name}" for name in ("wasapi", "dsound", "winmm", "coreaudio")),
]
# Fields that are set or read, per struct; a dot leads into a struct inside.
FIELDS = {
    "ma_device": ["pUserData"],
    "ma_device_info": [
        "id", "name", "isDefault", "nativeDataFormatCount", "nativeDataFormats",
        "nativeDataFormats.channels", "nativeDataFormats.sampleRate",
    ],
    "ma_context_config": ["jack.pClientName"],
    "ma_device_config": [
        "sampleRate", "periodSizeInFrames", "periods", "dataCallback", "pUserData",
        "capture.format", "capture.channels", "capture.pDeviceID",
        "playback.format", "playback.channels", "playback.pDeviceID",
        "alsa.noAutoResample", "wasapi.noAutoConvertSRC",
    ],
}  # fmt: skip
TYPES = ["ma_context *", "ma_device *", "ma_device_id *", "ma_uint32 *", "ma_device_data_proc"]


def moved(what: str) -> str:
    """The sentence that a failure says."""
    return (
        f"miniaudio {miniaudio.version()} has no {what} any more: src/tenuto/_devices/miniaudio.py "
        "has to follow, or pyproject.toml has to ask for an older miniaudio"
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_where_the_adapter_looks(name: str) -> None:
    assert hasattr(_miniaudio.lib, name), moved(f"function {name}")


def test_adapter_uses_the_functions_that_this_file_knows_how_to_find() -> None:
    assert {"ma_device_init", "ma_device_start", "ma_device_stop"} <= set(FUNCTIONS)


@pytest.mark.parametrize("name", CONSTANTS)
def test_constant_is_where_the_adapter_looks(name: str) -> None:
    assert isinstance(getattr(_miniaudio.lib, name, None), int), moved(f"constant {name}")


@pytest.mark.parametrize("name", TYPES)
def test_type_is_where_the_adapter_looks(name: str) -> None:
    try:
        _miniaudio.ffi.typeof(name)
    except _miniaudio.ffi.error:
        pytest.fail(moved(f"type {name}"))


@pytest.mark.parametrize(
    ("struct", "field"), [(struct, field) for struct in FIELDS for field in FIELDS[struct]]
)
def test_field_is_where_the_adapter_looks(struct: str, field: str) -> None:
    kind = _miniaudio.ffi.typeof(struct)
    for part in field.split("."):
        if kind.kind == "array":
            kind = kind.item
        fields = dict(kind.fields or [])
        assert part in fields, moved(f"field {struct}.{field}")
        kind = fields[part].type


def test_32_bit_float_samples_still_have_the_number_that_the_adapter_knows() -> None:
    assert getattr(_miniaudio.lib, "ma_format_f32", None) == miniaudio._FORMAT_F32, moved(
        f"ma_format_f32 = {miniaudio._FORMAT_F32}"
    )


def test_user_pointer_lies_inside_the_device_and_holds_a_pointer() -> None:
    ffi = _miniaudio.ffi
    offset = ffi.offsetof("ma_device", "pUserData")
    assert offset % ffi.sizeof("void *") == 0, moved("pUserData as a pointer in ma_device")
    assert 0 < offset < 4096, moved("pUserData near the beginning of ma_device")


def test_native_callbacks_have_the_type_that_a_device_takes() -> None:
    ffi = _miniaudio.ffi
    config = _miniaudio.lib.ma_device_config_init(_miniaudio.lib.ma_device_type_capture)
    for address in _core.miniaudio_callbacks(ffi.offsetof("ma_device", "pUserData")):
        config.dataCallback = ffi.cast("ma_device_data_proc", address)
        assert int(ffi.cast("uintptr_t", config.dataCallback)) == address


def test_every_back_end_of_this_system_is_known_to_the_installed_miniaudio() -> None:
    for name in miniaudio._BACKENDS.values():
        assert hasattr(_miniaudio.lib, f"ma_backend_{name}"), moved(f"back end {name}")


def test_soundfile_gives_the_address_of_every_function_the_disk_thread_calls() -> None:
    try:
        addresses = _sndfile.api()
    except (AttributeError, KeyError) as error:
        pytest.fail(f"the soundfile package hides {error}: src/tenuto/_sndfile.py has to follow")
    assert set(addresses) == set(_sndfile._FUNCTIONS)
    assert all(address > 0 for address in addresses.values())
    assert len(set(addresses.values())) == len(addresses)


def test_soundfile_lies_where_it_can_be_opened_without_numpy() -> None:
    import _soundfile

    try:
        import _soundfile_data  # only the wheels that carry libsndfile have it
    except ImportError:
        pytest.skip("this soundfile uses the system's libsndfile, so NumPy is loaded first")
    folder = Path(_soundfile_data.__file__).parent
    assert list(folder.glob("libsndfile*")), "soundfile's wheel keeps libsndfile elsewhere now"
    assert hasattr(_soundfile.ffi, "dlopen"), "soundfile's _soundfile has no ffi.dlopen any more"
    assert _sndfile.version().startswith("libsndfile-")


@pytest.mark.parametrize("field", ["frames", "samplerate", "channels", "format"])
def test_soundfile_still_declares_the_fields_of_sf_info(field: str) -> None:
    ffi, _ = _sndfile._library()
    fields = dict(ffi.typeof("SF_INFO").fields)
    assert field in fields, f"the soundfile package's SF_INFO has no {field} any more"
