//! maxcompute-emulator.
