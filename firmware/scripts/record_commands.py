# SPDX-License-Identifier: Apache-2.0
"""Records how the image was built, so that the next network can be compiled and linked without SCons.

After linking, commands.json in the build folder holds the command of every C source and of the link, and the
PATH that they ran with. micronas/firmware/replay.py reads it.
"""

import json
import shlex
from pathlib import Path

Import("env")  # noqa: F821 - SCons provides it


def words(own_env, command, target, source):
    """A command as SCons runs it: a list of words."""
    return shlex.split(own_env.subst(command, target=target, source=source))


def record(target, source, env):
    """SCons' signature for an action: ``source`` are the objects of the image ``target``."""
    compiled = {}
    for node in source:
        text = node.sources[0]
        if str(text).endswith(".c"):
            compiled[str(text.srcnode())] = words(node.get_build_env(), "$CCCOM", [node], [text])
    commands = {
        "path": env["ENV"]["PATH"],
        "compile": compiled,
        "link": words(env, "$LINKCOM", target, source),
    }
    Path(env.subst("$BUILD_DIR"), "commands.json").write_text(json.dumps(commands), encoding="utf-8")


env.AddPostAction("$PROGPATH", env.VerboseAction(record, "Recording $TARGET's commands"))  # noqa: F821
