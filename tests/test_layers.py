# SPDX-License-Identifier: MIT
"""The house rules hold for this tree, and each of them still notices when it is broken."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHECKER = ROOT / "tools" / "check_layers.py"
SPDX = "// SPDX-License-Identifier: MIT\n"

# One violation each: rule, file, what stands in it (the licence line comes in front of C++ and
# Python), and the line at which it must be found.
CANARIES = [
    ("atomic-outside-shared", "core/rt/x.h", "#include <atomic>\n", 2),
    ("atomic-outside-shared", "core/disk/x.cpp", "static std::atomic<int> stop{0};\n", 2),
    ("atomic-outside-shared", "core/control/x.cpp", "int n = __atomic_load_n(&count, 0);\n", 2),
    ("shared-state", "core/dsp/x.cpp", "float loudest = 0;\n", 2),
    ("shared-state", "core/rt/x.h", "inline int f() {\n    static int calls;\n}\n", 3),
    ("atomic-outside-shared", "core/rt/x.h", "shared::Atomic<int> stop{0};\n", 2),
    (
        "order-not-written",
        "core/shared/x.h",
        "Atomic<int> n_{0};\ninline void f() {\n    ++n_;\n}\n",
        4,
    ),
    (
        "order-without-reason",
        "core/shared/x.h",
        "inline int f() { return n_.load(std::memory_order_acquire); }\n",
        2,
    ),
    (
        "order-without-reason",
        "core/shared/x.h",
        "// [any] Its value.\ninline int f() { return n_.load(std::memory_order_acquire); }\n",
        3,
    ),
    (
        "order-without-reason",
        "core/tests/x.cpp",
        "int f() {\n    return n.load(std::memory_order::acquire);\n}\n",
        3,
    ),
    (
        "order-without-reason",
        "core/shared/x.h",
        "inline void f() {\n    n_.store(1, std::memory_order_seq_cst);  // pairs with g\n}\n",
        3,
    ),
    ("order-not-written", "core/shared/x.h", "inline int f() { return n_.load(); }\n", 2),
    (
        "order-not-written",
        "core/shared/x.h",
        "std::atomic<int> n_{0};\ninline void f() {\n    ++n_;\n}\n",
        4,
    ),
    (
        "order-not-written",
        "core/shared/x.h",
        "std::atomic<std::pair<int, int>*> n_{};\ninline void f() {\n    n_ = nullptr;\n}\n",
        4,
    ),
    (
        "standalone-fence",
        "core/shared/x.h",
        "inline void f() {\n"
        "    // pairs with the fence in g\n"
        "    std::atomic_thread_fence(std::memory_order_release);\n"
        "}\n",
        4,
    ),
    ("blocking-header", "core/rt/x.cpp", "#include <mutex>\n", 2),
    ("blocking-header", "core/dsp/x.h", "#  include <cstdio>  // layer:\n", 2),
    ("blocking-header", "core/simd/x.cpp", "#include <vector>  // it is small\n", 2),
    ("layer-order", "core/rt/x.cpp", '#include "disk/writer.h"\n', 2),
    ("layer-order", "core/shared/x.h", '#include "../control/plan_builder.h"\n', 2),
    ("check-switched-off", "core/disk/x.cpp", "TENUTO_TRUSTED_CALLS_BEGIN\n", 2),
    ("check-switched-off", "core/rt/x.cpp", '_Pragma("clang diagnostic push")\n', 2),
    ("python-outside-bindings", "core/control/x.cpp", "#include <nanobind/nanobind.h>\n", 2),
    ("python-outside-bindings", "core/platform/x.cpp", "#include <Python.h>\n", 2),
    ("os-outside-platform", "core/disk/x.cpp", "#if defined(_WIN32)\n#endif\n", 2),
    ("os-outside-platform", "core/control/x.cpp", "#ifdef __APPLE__\n#endif\n", 2),
    ("os-outside-platform", "core/rt/x.cpp", "#include <pthread.h>\n", 2),
    ("os-outside-platform", "core/disk/x.cpp", "#include <sys/stat.h>\n", 2),
    (
        "audio-not-marked",
        "core/rt/x.h",
        "// [audio] Runs.\n//\n// One block.\ninline void f(int frames)\n    noexcept;\n",
        5,
    ),
    (
        "audio-not-marked",
        "core/dsp/x.h",
        "class Filter {\n  public:\n    // [audio] Runs.\n    void f() TENUTO_NONBLOCKING {}\n};\n",
        5,
    ),
    ("no-thread-tag", "core/disk/x.h", "namespace a::b {\n// Opens it.\nint open();\n}\n", 4),
    (
        "no-thread-tag",
        "core/rt/x.h",
        "class Tape {\n    int n_ = 0;\n\n  public:\n    int frames() const { return n_; }\n};\n",
        6,
    ),
    ("file-too-long", "core/rt/x.cpp", "\n" * 400, 401),
    ("file-too-long", "src/tenuto/x.py", "\n" * 400, 401),
    ("path-of-one-machine", "docs/x.md", "See /" + "work/notes.\n", 1),
    ("path-of-one-machine", "tests/x.py", "PATH = '/" + "root/.cache'\n", 2),
    ("path-of-one-machine", "tests/x.py", "PATH = '/" + "tmp/mine/x.wav'\n", 2),
    ("dead-link", "docs/x.md", "Read [this](no-such-page.md#part).\n", 1),
]

# What the rules must let pass, though it looks like a violation.
CLEAN = {
    "core/shared/counter.h": """
// std::mutex, atomic_thread_fence and memory_order_seq_cst in a comment are only words.
#include <atomic>
#include <vector>

class Counter {
  public:
    Counter() = default;
    // [control] With room for `count`.
    explicit Counter(int count);
    ~Counter() {}

    // [writer] Adds one.
    void add() noexcept TENUTO_NONBLOCKING {
        const auto now = value_.load(std::memory_order_relaxed);  // own counter
        // Release: pairs with the load in get.
        value_.store(now + 1, std::memory_order_release);
        if (flag_.exchange(false,
                           std::memory_order_acq_rel))  // pairs with ask
            return;
        // Must be sequential: two threads look at two flags.
        flag_.store(true, std::memory_order_seq_cst);
    }
    // [any] Its value, and the value before it.
    int get() const noexcept TENUTO_NONBLOCKING;
    int before() const noexcept TENUTO_NONBLOCKING;

  private:
    int helper() const;
    std::atomic<int> value_{0};
    std::atomic<bool> flag_ = false;
};
""",
    "core/rt/engine.h": """
#include <memory>  // layer: built and freed on [control]

#include "shared/counter.h"

namespace tenuto::rt {

// The shape that a library calls.
using Callback = void (*)(float* out) noexcept TENUTO_NONBLOCKING;

#define CALL(x) \\
    x(1);

struct Block {
    // [control] Of silence.
    Block() : in{nullptr}, gains{0.0F, 0.0F}, later(nothing) {}

    const float* in = nullptr;
    void (*done)(void* user) = nullptr;
    std::function<void(int)> later{};
    float gains[2] = {1.0F, 1.0F};
};

// [audio] One block, whatever its length.
void process(const Block& block,
             std::span<float> out = {}) noexcept TENUTO_NONBLOCKING;

// [control] [audio] Its length.
inline int frames(const Block& block) noexcept TENUTO_NONBLOCKING { return block.in ? 1 : 0; }

class Node {
  public:
    virtual ~Node() = default;
    // [audio] Runs.
    virtual void run() noexcept TENUTO_NONBLOCKING = 0;
};

class Gain final : public Node {
  public:
    void run() noexcept TENUTO_NONBLOCKING override;
};

}  // namespace tenuto::rt
""",
    "core/platform/thread_linux.cpp": "#include <pthread.h>\n#ifdef __linux__\n#endif\n",
    "core/simd/dispatch.cpp": "#if defined(__APPLE__)\n#endif\n",
    "core/bindings/module.cpp": "#include <nanobind/nanobind.h>\n#include <mutex>\n",
    "core/disk/writer.cpp": "#include <thread>\nint thousand = 1'000;  // it's one number\n",
    "core/tests/ring.cpp": '#include <atomic>\nauto s = "#include <mutex> // ";\n',
    "core/tests/generated.h": "// file length: a table\n" + "\n" * 400,
    "src/tenuto/empty.py": "",
    "docs/page.md": "See [the page](page.md), [a site](https://example.org/"
    + "work/) and `[x](y)`.\n",
}


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {".h": SPDX, ".cpp": SPDX, ".py": SPDX.replace("//", "#")}.get(path.suffix, "")
    path.write_text(head + text if text else "", encoding="utf-8")


def run(*arguments: str | Path) -> tuple[int, list[str]]:
    command = [sys.executable, str(CHECKER), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert not result.stderr
    return result.returncode, result.stdout.splitlines()


def test_this_tree_keeps_the_house_rules() -> None:
    code, lines = run(ROOT)
    assert code == 0, "\n".join(lines)


@pytest.mark.parametrize(("rule", "name", "text", "line"), CANARIES)
def test_rule_reports_a_violation_at_its_line(
    tmp_path: Path, rule: str, name: str, text: str, line: int
) -> None:
    write(tmp_path, name, text)
    code, lines = run(tmp_path)
    assert code == 1
    assert [found.split(": ")[:2] for found in lines if rule in found] == [[f"{name}:{line}", rule]]


def test_file_without_a_licence_line_is_reported(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("pass\n", encoding="utf-8")
    code, lines = run(tmp_path)
    assert code == 1
    assert [line.split(": ")[:2] for line in lines] == [["x.py:1", "no-licence-line"]]


def test_clean_tree_has_no_findings(tmp_path: Path) -> None:
    for name, text in CLEAN.items():
        write(tmp_path, name, text)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff\xfe")
    code, lines = run(tmp_path)
    assert (code, lines[:-1]) == (0, [])


def test_every_rule_has_a_canary() -> None:
    code, rules = run("--list")
    assert code == 0
    assert {rule for rule, *_ in CANARIES} | {"no-licence-line"} == set(rules)


def test_checker_refuses_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    command = [sys.executable, str(CHECKER), str(tmp_path / "none")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 2
    assert "is not a folder" in result.stderr


@pytest.mark.skipif(
    importlib.util.find_spec("tenuto") is None, reason="the package is not installed here"
)
def test_importing_tenuto_loads_nothing_that_only_some_users_need() -> None:
    # In a process of its own: this one has loaded all sorts of things.
    question = (
        "import sys, tenuto\n"
        "heavy = 'numpy typer rich click matplotlib soundfile sounddevice miniaudio soxr scipy "
        "numba jeepney starlette uvicorn dask asyncio'\n"
        "print(*[name for name in heavy.split() if name in sys.modules])\n"
    )
    command = [sys.executable, "-c", question]
    # Not in the root of the tree: what is installed is what a user imports.
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=120, cwd=ROOT / "tests", check=True
    )
    assert result.stdout.split() == []
