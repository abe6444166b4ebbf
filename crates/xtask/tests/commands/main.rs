//! The program as it is run: with stand-ins for python, curl and cargo on the
//! path, and a checkout and a cache folder of its own. Nothing here goes beyond
//! the loopback device or touches the user's own folders.

// Helpers of tests are tests too, which clippy cannot see here.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod damage;
mod doctor;
mod machine;
mod setup;
mod steps;
