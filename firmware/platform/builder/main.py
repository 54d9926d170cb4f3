# SPDX-License-Identifier: Apache-2.0
"""Builds `firmware.elf` and `firmware.bin` with arm-none-eabi-gcc; uploads by the command that the project gives."""

from SCons.Script import AlwaysBuild, Builder, Default, DefaultEnvironment

env = DefaultEnvironment()
board = env.BoardConfig()

env.Replace(
    AR="arm-none-eabi-gcc-ar",
    AS="arm-none-eabi-as",
    CC="arm-none-eabi-gcc",
    CXX="arm-none-eabi-g++",
    OBJCOPY="arm-none-eabi-objcopy",
    RANLIB="arm-none-eabi-gcc-ranlib",
    ARFLAGS=["rc"],
    PROGNAME="firmware",
    PROGSUFFIX=".elf",
    LDSCRIPT_PATH=board.get("build.ldscript"),
)

env.Append(
    ASPPFLAGS=["-x", "assembler-with-cpp"],
    LIBS=["gcc"],
    BUILDERS={
        "ElfToBin": Builder(
            action=env.VerboseAction("$OBJCOPY -O binary $SOURCES $TARGET", "Building $TARGET"),
            suffix=".bin",
        )
    },
)

elf = env.BuildProgram()
binary = env.ElfToBin("$BUILD_DIR/firmware", elf)

# The project sets upload_command: which tool and which probe is micronas' choice, not this platform's.
env.AddPlatformTarget(
    "upload", binary, [env.VerboseAction("$UPLOADCMD", "Uploading $SOURCE")], "Upload"
)
AlwaysBuild(env.Alias("nobuild", binary))
Default(binary)
