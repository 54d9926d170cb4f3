"""Gives compiler, assembler and linker the same core and float ABI: one per build, never a mix."""

Import("env")  # noqa: F821 - SCons provides it

flags = env.GetProjectOption("custom_core_flags").split()  # noqa: F821
env.Append(CCFLAGS=flags, ASFLAGS=flags, LINKFLAGS=flags)  # noqa: F821
