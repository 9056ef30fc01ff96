#!/usr/bin/python3
"""Runs clang-tidy on the translation units that changed; called by `scripts/test lint`.

    lint.py BUILD-FOLDER      a configured tree (compile_commands.json) in which every file is compiled for itself

Changed means: against the merge base with origin/main, or against the commit before when that is this commit itself.
Without git, or with SLUICE_LINT=all, every file counts. A changed header is seen through one file that includes it.
A verdict "clean" is remembered in the user's cache folder by the content of everything the file includes from this
project, so that a second run costs little. After SLUICE_LINT_SECONDS (120) no further file is begun; those left are named.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-19"
# The commands are GCC's: clang knows a flag less, and its own warnings are not what decides.
FOR_CLANG = ["--extra-arg=-Qunused-arguments", "--extra-arg=-Wno-error"]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sluice" / "clang-tidy"


def git(*arguments):
    """The lines git prints, or None when it fails or is not there."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.splitlines() if done.returncode == 0 else None


def changed_files():
    """Paths relative to the project, or None for everything."""
    if os.environ.get("SLUICE_LINT") == "all":
        return None
    head = git("rev-parse", "HEAD")
    base = git("merge-base", "HEAD", "origin/main")
    if not base or base == head:
        base = git("rev-parse", "HEAD~1")
    if not base:
        return None
    differing = git("diff", "--name-only", base[0])
    untracked = git("ls-files", "--others", "--exclude-standard")
    if differing is None or untracked is None:
        return None
    changed = set(differing) | set(untracked)
    return None if any(path.endswith(".clang-tidy") for path in changed) else changed


def relative(path, folder):
    """A path of the project relative to it, else None."""
    path = os.path.normpath(os.path.join(folder, path))
    inside = os.path.relpath(path, ROOT)
    return None if inside.startswith(("..", "build" + os.sep)) else inside


def included_by(path, known):
    """The files of the project that a file includes, itself among them."""
    if path not in known:
        known[path] = {path}
        for written in re.findall(r'^#include [<"]([^>"]+)[>"]', (ROOT / path).read_text(), flags=re.M):
            for folder in ("include", "src", "tests"):
                if (ROOT / folder / written).exists():
                    known[path] |= included_by(os.path.join(folder, written), known)
    return known[path]


def translation_units(build):
    """{file: (what it is compiled with, files of the project it includes)}, paths relative to the project."""
    units, known = {}, {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = relative(entry["file"], entry["directory"])
        if path:
            units[path] = (entry["command"].replace(str(ROOT), "."), included_by(path, known))
    return units


def to_look_at(units, changed):
    """The units to run on, sources before tests."""
    if changed is None:
        chosen = set(units)
    else:
        chosen = changed & set(units)
        for header in sorted(path for path in changed if path.endswith(".hpp")):
            if any(header in units[unit][1] for unit in chosen):
                continue
            seen_by = [unit for unit in units if header in units[unit][1]]
            seen_by.sort(key=lambda unit: (Path(unit).stem != Path(header).stem, unit.startswith("tests"), unit))
            chosen.update(seen_by[:1])
    return sorted(chosen, key=lambda unit: (unit.startswith("tests"), unit))


def fingerprint(unit, units):
    command, files = units[unit]
    digest = hashlib.sha256(command.encode())
    for path in [".clang-tidy", "tests/.clang-tidy", *sorted(files)]:
        if (ROOT / path).exists():
            digest.update(path.encode() + b"\0" + (ROOT / path).read_bytes())
    return digest.hexdigest()


def main():
    build = Path(sys.argv[1]).resolve()
    limit = time.monotonic() + float(os.environ.get("SLUICE_LINT_SECONDS", "120"))
    units = translation_units(build)
    chosen = to_look_at(units, changed_files())
    version = subprocess.run([TIDY, "--version"], capture_output=True, text=True, check=True).stdout
    CACHE.mkdir(parents=True, exist_ok=True)
    verdicts = {"clean": [], "remembered": [], "late": [], "wrong": []}

    def look(unit):
        mark = CACHE / hashlib.sha256((version + fingerprint(unit, units)).encode()).hexdigest()
        if mark.exists():
            return unit, "remembered", ""
        if time.monotonic() > limit:
            return unit, "late", ""
        done = subprocess.run([TIDY, "--quiet", "-p", str(build), *FOR_CLANG, unit], cwd=ROOT, capture_output=True,
                              text=True)
        if done.returncode == 0:
            mark.touch()
            return unit, "clean", ""
        said = re.sub(r"^.*(warnings? generated|and \d+ errors? generated|Suppressed ).*\n", "",
                      done.stdout + done.stderr, flags=re.M)
        return unit, "wrong", said

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for unit, verdict, said in pool.map(look, chosen):
            verdicts[verdict].append(unit)
            if said:
                print(said, flush=True)
    print(f"clang-tidy: {len(chosen)} files: {len(verdicts['clean'])} clean, {len(verdicts['remembered'])} clean as "
          f"before, {len(verdicts['wrong'])} with findings, {len(verdicts['late'])} not looked at")
    for unit in verdicts["wrong"]:
        print(f"  findings: {unit}")
    if verdicts["late"]:
        print("  the time was up before: " + " ".join(verdicts["late"]))
    return 1 if verdicts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
