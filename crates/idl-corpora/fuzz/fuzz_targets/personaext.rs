#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(idl_corpora_fuzz::named("personaext").read(bytes)));
