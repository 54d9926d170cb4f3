"""Memory accounting: the plan of the arena, the ledger of flash and SRAM, the size of the code."""
