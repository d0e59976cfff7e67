#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The house rules that no compiler sees: which folder may do what, and what must be written down.

    tools/check_layers.py [ROOT]     check a tree (the one this file is in, if none is named)
    tools/check_layers.py --list     name the rules

Each finding is one line, ``file:line: rule: remedy``; the exit code is 1 if there are any.
C++ is read line by line, with comments and strings taken apart from code, so a rule sees what is
written and nothing that a macro makes of it. Where a rule cannot know, it stays silent.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from cpp_lines import Source, declarations, statement

Finding = tuple[str, int, str]  # file, line, remedy

# Folders of core/ that run on the audio thread, and those that meet it.
AUDIO = ("rt", "dsp", "simd")
NEAR_AUDIO = (*AUDIO, "shared")

# Headers whose purpose is to wait, to allocate, to throw or to reach the system.
BLOCKING = re.compile(
    r"^(?:mutex|shared_mutex|condition_variable|thread|stop_token|future|semaphore|latch|barrier"
    r"|(?:io|i|o)stream|iosfwd|[fs]stream|spanstream|syncstream|iomanip|ios|streambuf|print|format"
    r"|filesystem|regex|locale|codecvt|c?std(?:io|lib)(?:\.h)?|malloc\.h|new|memory|memory_resource"
    r"|string|vector|map|set|unordered_(?:map|set)|list|deque|forward_list|queue|stack|valarray|any"
    r"|functional|stdexcept|exception|system_error|csignal|csetjmp|ctime|time\.h|random"
    r"|coroutine|generator)$"
)
ATOMIC = re.compile(
    r"\bstd::(?:atomic\w*|memory_order\w*)|\bmemory_order_\w+|\b__(?:atomic|sync)_\w+"
    r"|\bAtomic<"
    r"|#\s*include\s*<(?:std)?atomic(?:\.h)?>"
)
ORDER = re.compile(r"\bmemory_order(?:_|::)(\w+)")
FENCE = re.compile(r"\batomic_(?:thread|signal)_fence\b|\b__sync_synchronize\b|\b_mm_[lsm]fence\b")
ATOMIC_CALL = re.compile(
    r"(?:\.|->)\s*(?:load|store|exchange|fetch_\w+|compare_exchange_\w+|test_and_set)\s*\("
)
ATOMIC_NAME = re.compile(
    r"\b(?:std::atomic(?:_\w+)?|Atomic)(?:\s*<.*>)?[\s&]+(\w+)\s*(?:[{;=(\[]|$)"
)
TRUSTED = re.compile(r"\bTENUTO_TRUSTED_CALLS\w*")
SWITCH = re.compile(r"\b_Pragma\b|#\s*pragma\s+(?:clang|GCC)\s+diagnostic|__rtsan|\bno_sanitize")
INCLUDE = re.compile(r"^\s*#\s*include\s*(?:<([^>]+)>|\"([^\"]+)\")")
OS_MACRO = re.compile(
    r"\b(?:_WIN(?:32|64)|__MINGW(?:32|64)__|__CYGWIN__|__APPLE__|__MACH__|TARGET_OS_\w+"
    r"|__(?:linux|gnu_linux|unix|ANDROID|FreeBSD|NetBSD|OpenBSD)(?:__)?)\b"
)
OS_HEADER = re.compile(
    r"^(?:sys|linux|mach|asm|net|netinet|arpa|CoreAudio|CoreFoundation)/"
    r"|^(?:pthread|windows|Windows|unistd|sched|dlfcn|fcntl|poll|signal|dirent|termios|avrt|io|"
    r"process|aio|spawn|semaphore|TargetConditionals|AvailabilityMacros)\.h$"
)
PYTHON_HEADER = re.compile(r"^(?:nanobind/|pybind11/|numpy/|Python\.h$)")
# A variable: of a file when it is not indented, of a function when it is static.
VARIABLE = re.compile(
    r"^(?P<indent>\s*)(?P<static>(?:static|inline|thread_local)\s+)*(?:[\w:]+(?:<.*>)?[\s*&]+)+"
    r"(?P<name>\w+)(?:\[[^\]]*\])*\s*(?:=[^=(]*|\{[^()]*\})?;\s*$"
)
CONSTANT = re.compile(
    r"\b(?:const|constexpr|using|typedef|return|friend|extern|enum|class|struct|namespace)\b"
    r"|\bshared::"
)
EXCUSE = re.compile(r"\blayer:\s*\S+")
TAGS = re.compile(r"^(?:\[(?:control|audio|disk|any|writer|reader)\][ ,]*)+(.*)")
TAG_WORD = re.compile(r"\[(\w+)\]")
ORDER_REASON = re.compile(
    r"pairs? with|own counter|relaxed|acquire|release|order|synchronis|visible", re.IGNORECASE
)
LENGTH_REASON = re.compile(r"file length:\s*\S+")
MAX_LINES = 400
MACHINE_PATH = re.compile(r"(?<![\w.-])/(?:work|root|(?:home|Users|tmp)/\w+)/")
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"")

Rule = Callable[[Source], Iterator[tuple[int, str]]]
RULES: dict[str, Rule] = {}


def rule(name: str) -> Callable[[Rule], Rule]:
    """Register a rule under the name that findings carry."""

    def register(function: Rule) -> Rule:
        RULES[name] = function
        return function

    return register


def includes(source: Source) -> Iterator[tuple[int, str]]:
    """Give line and name of each header that `source` includes, but for those with an excuse."""
    for number, line in source.cpp():
        # From the raw line: in `code` the contents of strings are blanked.
        found = INCLUDE.match(line.raw)
        if found and line.code.strip() and not EXCUSE.search(line.comment):
            yield number, found[1] or found[2]


def is_benchmark(source: Source) -> bool:
    """Programs that compare the core with others', on one system: no part of it."""
    return source.relative.startswith("benchmarks/")


@rule("atomic-outside-shared")
def atomic_outside_shared(source: Source) -> Iterator[tuple[int, str]]:
    # The tests of shared/ need atomics of their own to stop threads and to count.
    if source.folder in ("shared", "tests") or is_benchmark(source):
        return
    for number, line in source.cpp():
        if ATOMIC.search(line.code):
            yield number, "use a type from core/shared/ (Counter, Setting, Latest, Ring, Handoff)"


@rule("order-without-reason")
def order_without_reason(source: Source) -> Iterator[tuple[int, str]]:
    if source.relative.startswith("core/tests/model/"):  # orders are its data
        return
    for number, line in source.cpp():
        for order in ORDER.findall(line.code):
            beside, above = statement(source, number).comments
            if order == "seq_cst":
                if "sequential" not in (beside + above).lower():
                    yield number, "say in a comment why it must be sequentially consistent"
            # A comment above that opens with a thread tag tells what a function does: it counts
            # only if it speaks of ordering.
            elif not (
                len(beside.split()) > 1
                or ORDER_REASON.search(above)
                or (len(above.split()) > 2 and not TAGS.match(above))
            ):
                yield number, 'add "pairs with ..." or "own counter" or another reason in a comment'


@rule("order-not-written")
def order_not_written(source: Source) -> Iterator[tuple[int, str]]:
    if source.folder != "shared":
        return
    remedy = "write the memory order; the default is the strongest one and needs a reason"
    names = {
        name
        for _, line in source.cpp()
        for name in ATOMIC_NAME.findall(line.code)
        if "[" not in line.code.split(name)[0]
    }
    assigned = re.compile(
        rf"(?:\+\+|--)\s*(?:{'|'.join(names)})\b|(?<![\w.>])(?:{'|'.join(names)})\s*"
        r"(?:\+\+|--|(?:[-+|&^]|<<|>>)?=(?!=))"
    )
    for number, line in source.cpp():
        called = ATOMIC_CALL.search(line.code) is not None
        written = names and not ATOMIC.search(line.code) and assigned.search(line.code)
        if written or (called and "memory_order" not in statement(source, number).code):
            yield number, remedy


@rule("standalone-fence")
def standalone_fence(source: Source) -> Iterator[tuple[int, str]]:
    for number, line in source.cpp():
        if FENCE.search(line.code):
            yield number, "put the order on a load or store: ThreadSanitizer cannot follow fences"


@rule("blocking-header")
def blocking_header(source: Source) -> Iterator[tuple[int, str]]:
    if source.folder not in AUDIO:
        return
    remedy = (
        "waits, allocates or throws: move what needs it to core/control/ or core/disk/, or end "
        'the line with "// layer: <why it is safe here>"'
    )
    for number, header in includes(source):
        if BLOCKING.match(header):
            yield number, f"<{header}> {remedy}"


@rule("layer-order")
def layer_order(source: Source) -> Iterator[tuple[int, str]]:
    if source.folder not in NEAR_AUDIO:
        return
    remedy = "turn the call round, or let core/control/ join the two"
    for number, header in includes(source):
        if re.match(r"(?:\.\./)*(?:core/)?(disk|control|bindings)/", header):
            yield number, f"core/{source.folder}/ must not know {header}: {remedy}"


@rule("shared-state")
def shared_state(source: Source) -> Iterator[tuple[int, str]]:
    if source.folder not in AUDIO:
        return
    remedy = "every thread would share it: make it a member, or a type of core/shared/"
    for number, line in source.cpp():
        found = VARIABLE.match(line.code)
        if found and not CONSTANT.search(line.code) and (found["static"] or not found["indent"]):
            yield number, f'"{found["name"]}" can change: {remedy}'


@rule("check-switched-off")
def check_switched_off(source: Source) -> Iterator[tuple[int, str]]:
    if source.folder == "platform":
        return
    for number, line in source.cpp():
        near = source.folder in NEAR_AUDIO and SWITCH.search(line.code)
        if TRUSTED.search(line.code) or near:
            yield number, "no exceptions here: put the call behind a function in core/platform/"


@rule("python-outside-bindings")
def python_outside_bindings(source: Source) -> Iterator[tuple[int, str]]:
    if source.folder == "bindings":
        return
    for number, header in includes(source):
        if PYTHON_HEADER.match(header):
            yield number, f"{header} belongs into core/bindings/: the core knows nothing of Python"


@rule("os-outside-platform")
def os_outside_platform(source: Source) -> Iterator[tuple[int, str]]:
    if source.folder in ("platform", "simd") or is_benchmark(source):
        return
    if source.relative.startswith("core/tests/linux/"):  # built there only
        return
    remedy = "ask core/platform/ for it: one header there, one file per system"
    for number, line in source.cpp():
        asks = line.code.lstrip().startswith("#") and OS_MACRO.search(line.code)
        if asks and not EXCUSE.search(line.comment):
            yield number, remedy
    for number, header in includes(source):
        if OS_HEADER.match(header):
            yield number, remedy


@rule("audio-not-marked")
def audio_not_marked(source: Source) -> Iterator[tuple[int, str]]:
    if source.folder not in NEAR_AUDIO or source.path.suffix != ".h":
        return
    for found in declarations(source):
        tags = TAGS.match(found.comment)
        if not tags or "audio" not in TAG_WORD.findall(found.comment[: tags.start(1)]):
            continue
        if not re.search(r"\bnoexcept\s+TENUTO_NONBLOCKING\b", found.code):
            yield found.line, f'"{found.name}" is [audio]: add "noexcept TENUTO_NONBLOCKING"'


@rule("no-thread-tag")
def no_thread_tag(source: Source) -> Iterator[tuple[int, str]]:
    if source.folder in (None, "bindings", "tests") or source.path.suffix != ".h":
        return
    tags = "[control], [audio], [disk], [any], [writer] or [reader]"
    for found in declarations(source):
        if not found.is_public:
            continue
        if found.comment and not TAGS.match(found.comment):
            yield found.line, f'let the comment of "{found.name}" open with its thread: {tags}'
        elif not found.comment and not found.is_trivial:
            yield found.line, f'say what "{found.name}" does, after its thread: {tags}'


@rule("file-too-long")
def file_too_long(source: Source) -> Iterator[tuple[int, str]]:
    if source.path.suffix not in (".h", ".c", ".cpp", ".py", ".js") or len(source.raw) <= MAX_LINES:
        return
    if not any(LENGTH_REASON.search(text) for text in source.raw):
        remedy = 'split it, or say why not in a line "file length: <reason>"'
        yield MAX_LINES + 1, f"{len(source.raw)} lines: {remedy}"


@rule("no-licence-line")
def no_licence_line(source: Source) -> Iterator[tuple[int, str]]:
    named = source.path.suffix in (".h", ".c", ".cpp", ".py", ".js", ".css", ".cmake", ".sh")
    scripts = source.path.name == "CMakeLists.txt" or source.relative == ".ci/run"
    # (a stub ends in .pyi and is generated: its head is the generator's)
    has_line = any("SPDX-License-Identifier: MIT" in text for text in source.raw[:3])
    if (named or scripts) and source.raw and not has_line:
        yield 1, "open the file with a comment: SPDX-License-Identifier: MIT"


@rule("path-of-one-machine")
def path_of_one_machine(source: Source) -> Iterator[tuple[int, str]]:
    for number, text in enumerate(source.raw, 1):
        found = MACHINE_PATH.search(text)
        if found:
            yield number, f"{found[0]} exists on one machine only: use a relative or temporary path"


@rule("dead-link")
def dead_link(source: Source) -> Iterator[tuple[int, str]]:
    if source.path.suffix != ".md":
        return
    for number, text in enumerate(source.raw, 1):
        for target in (first or second for first, second in LINK.findall(text)):
            local = target.split("#")[0]
            if not local or "://" in target or target.startswith("mailto:"):
                continue
            if not (source.path.parent / local).exists():
                yield number, f"{target} does not exist: mend or drop the link"


def files(root: Path) -> Iterator[Path]:
    """Give the project's files: what git would commit, or everything if `root` is no repository."""
    git = ["git", "-C", str(root)]
    try:
        top = subprocess.run([*git, "rev-parse", "--show-toplevel"], capture_output=True, text=True)
        is_repository = top.returncode == 0 and Path(top.stdout.strip()).resolve() == root.resolve()
    except FileNotFoundError:
        is_repository = False
    if is_repository:
        listed = [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
        paths = (root / name for name in names.split("\0") if name)
    else:
        paths = root.rglob("*")
    for path in sorted(paths):
        # Without git there is no list of what is generated: these are.
        generated = {".git", ".venv", ".nox", "build", "dist", "__pycache__"}
        if not generated.intersection(path.relative_to(root).parts) and path.is_file():
            yield path


def check(root: Path) -> list[str]:
    """Apply every rule to every text file under `root`; give the findings as lines."""
    findings = []
    for path in files(root):
        try:
            source = Source(path, root, path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:  # a picture, a sound
            continue
        for name, apply in RULES.items():
            for line, remedy in apply(source):
                findings.append(f"{source.relative}:{line}: {name}: {remedy}")
    return findings


def main(arguments: list[str]) -> int:
    """Run from the command line; give the exit code."""
    if arguments == ["--list"]:
        print("\n".join(RULES))
        return 0
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    if not root.is_dir():
        print(f"check_layers: {root} is not a folder; name the root of a tree", file=sys.stderr)
        return 2
    findings = check(root)
    print("\n".join(findings) if findings else f"{len(RULES)} house rules kept")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
