//! A hash that is the same on every machine and in every release; the
//! standard library's promises neither.

/// FNV-1a of 64 bits.
///
/// FNV mixes its high bits poorly for short inputs, and we use high and low
/// ones for different things; hence MurmurHash3's finaliser at the end.
#[must_use]
pub fn stable_hash(bytes: &[u8]) -> u64 {
    let fnv = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_does_not_change() {
        // From idl-encoder's tests/reference/tfidf.py.
        assert_eq!(stable_hash(b""), 0xefd0_1f60_ba99_2926);
        assert_eq!(stable_hash(b"tea"), 0x274e_6f33_c949_7c61);
        assert_eq!(stable_hash("naïve".as_bytes()), 0x1b21_a798_c5ab_1dcf);
    }
}
