//! The program `idl`; everything it does is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    idl_cli::main()
}
