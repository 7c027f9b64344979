//! The `cdc-host` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    cdc_host::cli::main(std::env::args_os())
}
