"""One instruction for the timing model: its class, and the addresses of its loads.

The classes are those of the Cortex-M4 Technical Reference Manual (DDI 0439, table 3-1): single loads, which
pair with a neighbouring load or store; multiple ones, a cycle per word; branches; divisions.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from capstone import CS_ARCH_ARM, CS_GRP_JUMP, CS_MODE_MCLASS, CS_MODE_THUMB, Cs, CsInsn, arm

_LOAD_BYTES = {
    arm.ARM_INS_LDR: 4,
    arm.ARM_INS_LDRB: 1,
    arm.ARM_INS_LDRH: 2,
    arm.ARM_INS_LDRSB: 1,
    arm.ARM_INS_LDRSH: 2,
}
_STORES = {arm.ARM_INS_STR, arm.ARM_INS_STRB, arm.ARM_INS_STRH}
_LOAD_MULTIPLE = {arm.ARM_INS_LDM, arm.ARM_INS_LDMDB, arm.ARM_INS_POP}
_STORE_MULTIPLE = {arm.ARM_INS_STM, arm.ARM_INS_STMDB, arm.ARM_INS_PUSH}
_DIVISIONS = {arm.ARM_INS_SDIV, arm.ARM_INS_UDIV}
_JUMPS = {
    *(arm.ARM_INS_B, arm.ARM_INS_BX, arm.ARM_INS_BL, arm.ARM_INS_BLX),
    *(arm.ARM_INS_CBZ, arm.ARM_INS_CBNZ, arm.ARM_INS_TBB, arm.ARM_INS_TBH),
}
_DIRECT = {arm.ARM_INS_B, arm.ARM_INS_BL, arm.ARM_INS_CBZ, arm.ARM_INS_CBNZ}
_ALWAYS_TESTED = {arm.ARM_INS_CBZ, arm.ARM_INS_CBNZ}
_MULTIPLIES = ("mul", "mla", "mls", "sml", "smu", "smm", "uml", "umu")
_IT, _WIDE = 0xBF00, 0b11101
"""The first byte of IT and of hints, and the least first five bits of an instruction of four bytes."""
_REGISTERS = {
    number: index
    for index, number in enumerate(
        (*(getattr(arm, f"ARM_REG_R{n}") for n in range(13)), arm.ARM_REG_SP, arm.ARM_REG_LR)
    )
}


@dataclass(frozen=True)
class Load:
    """Bytes loaded from register ``base`` + ``offset``; ``base`` counts R0 to R12, SP, LR; None: unknown."""

    base: int | None
    offset: int
    bytes: int


@dataclass(frozen=True)
class Instruction:
    """One decoded instruction. ``target`` is a direct jump's, ``loads`` one per single load and LDM word."""

    address: int
    size: int
    kind: str
    jumps: bool
    conditional: bool
    target: int | None
    reads_address: frozenset[int]
    writes: frozenset[int]
    loads: tuple[Load, ...]
    moves: tuple[tuple[int, int | None, int], ...]
    """Registers after it: (register, register it is made from or None if unknown, what is added)."""
    is_multiply: bool
    register_offset: bool
    words: int

    @property
    def end(self) -> int:
        """Address of the next instruction."""
        return self.address + self.size


class InstructionDecoder:
    """Decodes Thumb code of M-profile cores, an instruction at a time; known bytes are not decoded again."""

    def __init__(self) -> None:
        self._capstone = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
        self._capstone.detail = True
        self._known: dict[bytes, tuple[Instruction, ...]] = {}

    def run(self, code: bytes, address: int) -> list[Instruction]:
        """Everything from ``address`` to the first jump or to the end of ``code``.

        Instructions that the decoder does not support (MVE, coprocessors) count as one plain instruction.
        """
        found: list[Instruction] = []
        at = 0
        while at < len(code):
            unit = code[at : at + _unit_bytes(code, at)]
            if unit not in self._known:
                self._known[unit] = tuple(self._decoded(unit))
            for one in self._known[unit]:
                found.append(_moved(one, address + at))
                if one.jumps:
                    return found
            at = found[-1].end - address
        return found

    def _decoded(self, unit: bytes) -> Iterator[Instruction]:
        """The instructions of ``unit``, as if it were at address 0."""
        at = 0
        while at < len(unit):
            for raw in self._capstone.disasm(unit[at:], at):
                yield (one := _instruction(raw))
                at = one.end
            if at < len(unit):
                yield (unknown := _unknown(unit[at : at + 2], at))
                at = unknown.end


@functools.cache
def shared_decoder() -> InstructionDecoder:
    """One for all programs of this process: they consist of the same kernels at other addresses."""
    return InstructionDecoder()


def _unit_bytes(code: bytes, at: int) -> int:
    """Bytes of the instruction at ``at``; of an IT also those that are conditional by it."""
    size = _size(code, at)
    first = int.from_bytes(code[at : at + 2], "little")
    if first & 0xFF00 == _IT and first & 0xF:
        conditional = 4 - ((first & 0xF & -(first & 0xF)).bit_length() - 1)
        for _ in range(conditional):
            size += _size(code, at + size) if at + size < len(code) else 0
    return size


def _size(code: bytes, at: int) -> int:
    return 4 if at + 1 < len(code) and code[at + 1] >> 3 >= _WIDE else 2


def _moved(one: Instruction, by: int) -> Instruction:
    target = None if one.target is None else one.target + by & 0xFFFFFFFF
    return replace(one, address=one.address + by, target=target)


def _instruction(raw: CsInsn) -> Instruction:
    _, written = raw.regs_access()
    memory = next((o.mem for o in raw.operands if o.type == arm.ARM_OP_MEM), None)
    jumps = raw.id in _JUMPS or raw.group(CS_GRP_JUMP) or arm.ARM_REG_PC in written
    kind, words = _kind(raw)
    address_registers = (memory.base, memory.index) if memory is not None else ()
    return Instruction(
        address=raw.address,
        size=raw.size,
        kind=kind,
        jumps=bool(jumps),
        conditional=raw.id in _ALWAYS_TESTED or raw.cc not in (arm.ARM_CC_AL, arm.ARM_CC_INVALID),
        target=raw.operands[-1].imm & 0xFFFFFFFF if raw.id in _DIRECT else None,
        reads_address=frozenset(_REGISTERS[r] for r in address_registers if r in _REGISTERS),
        writes=frozenset(_REGISTERS[r] for r in written if r in _REGISTERS),
        loads=_loads(raw, kind, memory),
        moves=_moves(raw, written, memory, words),
        is_multiply=raw.mnemonic.startswith(_MULTIPLIES),
        register_offset=memory is not None and memory.index != 0,
        words=words,
    )


def _kind(raw: CsInsn) -> tuple[str, int]:
    """Class, and the words of a multiple load or store."""
    registers = sum(o.type == arm.ARM_OP_REG for o in raw.operands)
    if raw.id in _LOAD_MULTIPLE:
        return "ldm", registers - (raw.id != arm.ARM_INS_POP)
    if raw.id in _STORE_MULTIPLE:
        return "stm", registers - (raw.id != arm.ARM_INS_PUSH)
    if raw.id in _LOAD_BYTES:
        return "ldr", 0
    if raw.id in _STORES:
        return "str", 0
    if raw.id in _DIVISIONS:
        return "div", 0
    return {arm.ARM_INS_LDRD: "ldrd", arm.ARM_INS_STRD: "strd"}.get(raw.id, "other"), 0


def _loads(raw: CsInsn, kind: str, memory: arm.ArmOpMem | None) -> tuple[Load, ...]:
    if kind == "ldm" and raw.id != arm.ARM_INS_POP:
        words = sum(o.type == arm.ARM_OP_REG for o in raw.operands) - 1
        start = -4 * words if raw.id == arm.ARM_INS_LDMDB else 0
        base = _REGISTERS.get(raw.operands[0].reg)
        return tuple(Load(base, start + 4 * i, 4) for i in range(words))
    if memory is None or kind not in ("ldr", "ldrd") or memory.base == arm.ARM_REG_PC:
        return ()
    known = memory.index == 0 and memory.base in _REGISTERS
    base = _REGISTERS[memory.base] if known else None
    offset = 0 if raw.post_index else memory.disp
    if kind == "ldrd":
        return Load(base, offset, 4), Load(base, offset + 4, 4)
    return (Load(base, offset, _LOAD_BYTES[raw.id]),)


def _moves(
    raw: CsInsn, written: list[int], memory: arm.ArmOpMem | None, words: int
) -> tuple[tuple[int, int | None, int], ...]:
    conditional = raw.cc not in (arm.ARM_CC_AL, arm.ARM_CC_INVALID)
    moves: dict[int, tuple[int | None, int]] = {_REGISTERS[r]: (None, 0) for r in written if r in _REGISTERS}
    if conditional:
        return tuple((r, *m) for r, m in moves.items())
    if memory is not None and raw.writeback and memory.base in _REGISTERS:
        base = _REGISTERS[memory.base]
        moves[base] = _written_back(raw, memory, base)
    if raw.id in (arm.ARM_INS_LDM, arm.ARM_INS_STM) and raw.writeback:
        base = _REGISTERS[raw.operands[0].reg]
        moves[base] = (base, 4 * words)
    if raw.id in (arm.ARM_INS_LDMDB, arm.ARM_INS_STMDB) and raw.writeback:
        base = _REGISTERS[raw.operands[0].reg]
        moves[base] = (base, -4 * words)
    copied = _copied(raw)
    if copied is not None:
        moves[copied[0]] = copied[1:]
    return tuple((r, *m) for r, m in moves.items())


def _written_back(raw: CsInsn, memory: arm.ArmOpMem, base: int) -> tuple[int | None, int]:
    if not raw.post_index:
        return (base, memory.disp) if memory.index == 0 else (None, 0)
    step = raw.operands[-1]
    if step.type == arm.ARM_OP_IMM:
        return base, -step.imm if step.subtracted else step.imm
    return (base, memory.disp) if step.type == arm.ARM_OP_MEM and memory.index == 0 else (None, 0)


def _copied(raw: CsInsn) -> tuple[int, int, int] | None:
    """(register, register it comes from, difference) of an ADD, SUB or MOV with a constant."""
    operands = raw.operands
    names = raw.mnemonic.partition(".")[0]
    if not operands or operands[0].type != arm.ARM_OP_REG or operands[0].reg not in _REGISTERS:
        return None
    to = _REGISTERS[operands[0].reg]
    if names in ("mov", "movs") and operands[1].type == arm.ARM_OP_REG and operands[1].shift.type == 0:
        source = _REGISTERS.get(operands[1].reg)
        return None if source is None else (to, source, 0)
    if names not in ("add", "adds", "addw", "sub", "subs", "subw") or operands[-1].type != arm.ARM_OP_IMM:
        return None
    source = _REGISTERS.get(operands[-2].reg)
    sign = -1 if names.startswith("sub") else 1
    return None if source is None else (to, source, sign * operands[-1].imm)


def _unknown(code: bytes, address: int) -> Instruction:
    wide = len(code) == 2 and code[1] >> 3 >= _WIDE
    nothing: frozenset[int] = frozenset()
    return Instruction(
        address, 4 if wide else 2, "other", False, False, None, nothing, nothing, (), (), False, False, 0
    )
