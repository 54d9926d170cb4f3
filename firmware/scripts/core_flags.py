# SPDX-License-Identifier: Apache-2.0
"""Gives compiler, assembler and linker the same core and float ABI: one per build.

Also moves SCons' signature file out of the object cache, where PlatformIO puts it: concurrent builds share
the cache and must not write to one file. The image itself is never taken from the cache: the linker also
writes the map.
"""

Import("env")  # noqa: F821 - SCons provides it

flags = env.GetProjectOption("custom_core_flags").split()  # noqa: F821
env.Append(CCFLAGS=flags, ASFLAGS=flags, LINKFLAGS=[*flags, "-nostartfiles", "--specs=nano.specs"])  # noqa: F821
env.SConsignFile("$BUILD_DIR/.sconsign")  # noqa: F821
env.NoCache("$BUILD_DIR/firmware.elf", "$BUILD_DIR/program.elf")  # noqa: F821
