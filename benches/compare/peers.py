"""What the comparison scripts share: the environment of the peers, our
programs, and timing."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORKSPACE = HERE.parent.parent


def environment():
    """Continues in a virtual environment that has the peers, made at need
    under the user's cache folder (PEERS_VENV names another place)."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    place = Path(os.environ.get("PEERS_VENV", cache / "in-dialogue-learning" / "peers"))
    if Path(sys.prefix) == place:
        return
    python = place / "bin" / "python"
    requirements = HERE / "requirements.txt"
    stamp = place / "installed.txt"
    if not stamp.exists() or stamp.read_text() != requirements.read_text():
        print(f"installing the peers into {place}", file=sys.stderr)
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", requirements], check=True)
        stamp.write_text(requirements.read_text())
    os.execv(python, [str(python), *sys.argv])


def build(example):
    """Builds one of the examples of benches/ and returns its path."""
    return built(example, "--package", "idl-benches", "--example", example)


def program(subcommand):
    """Builds the program; returns the start of the command line of one of its subcommands."""
    return [built("idl", "--package", "idl-cli"), subcommand]


def built(name, *what):
    command = ["cargo", "build", "--release", *what, "--message-format", "json-render-diagnostics"]
    out = subprocess.run(command, cwd=WORKSPACE, check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        message = json.loads(line)
        if message.get("target", {}).get("name") == name and message.get("executable"):
            return message["executable"]
    raise SystemExit(f"cargo did not say where it put {name}")


def output(command, **environment):
    """Runs a command; returns what it prints."""
    env = {**os.environ, **environment}
    command = [str(word) for word in command]
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {done.stderr}")
    return done.stdout


def run(program, *args, **environment):
    """Runs one of our programs; returns the JSON object that it prints."""
    return json.loads(output([program, *args], **environment))


class Crash(Exception):
    """A peer that ended without an answer, and how."""


def alone(*args):
    """Runs the calling script again, in a process of its own, with these
    arguments; returns the JSON object that it prints last. What a peer does to
    its process (a signal, no memory) is a Crash here and not the script's end."""
    command = [sys.executable, sys.argv[0], *(str(word) for word in args)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode < 0:
        raise Crash(f"ended by {signal.Signals(-done.returncode).name}")
    lines = done.stdout.splitlines()
    if done.returncode > 0 or not lines:
        said = done.stderr.strip().splitlines()
        raise Crash(f"exit code {done.returncode}" + (f": {said[-1]}" if said else ""))
    return json.loads(lines[-1])


def least_seconds(times, work):
    """The least time of several runs: what the machine can do undisturbed."""
    least = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - start)
    return least


def scratch():
    return tempfile.TemporaryDirectory(prefix="idl-compare-")
