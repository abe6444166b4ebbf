#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(idl_dialogue_fuzz::named("chat").read(bytes)));
