//! Damage, as files come by it: bytes that change, lines that go astray, values
//! of another kind.

use rand::Rng;
use rand::seq::SliceRandom;
use serde_json::{Value, json};

/// What readers have cause to trip over.
const TOKENS: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\r",
    b"\t",
    b"|",
    b" ",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc3",
    b"\xf0\x9f\xa6",
    b"\"",
    b"\\",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"1 ",
    b"2 ",
    b"your persona: ",
    b"__SILENCE__",
    b" +++$+++ ",
    b"- ",
    b"'",
    b"#",
    b"&a *a",
    b"!!",
    b"- - - -",
    b"2024-02-30",
    b"[31/12/99, 25:61:00] ",
];

/// Damages a file in one to four places.
pub fn mutate(bytes: &mut Vec<u8>, rng: &mut impl Rng) {
    for _ in 0..rng.gen_range(1..=4) {
        match rng.gen_range(0..10) {
            0 => json_value(bytes, rng),
            1 => lines(bytes, rng),
            2 => bytes.truncate(rng.gen_range(0..=bytes.len())),
            3 => {
                let range = range(bytes.len(), rng);
                bytes.drain(range);
            }
            4 => {
                let copy = bytes[range(bytes.len(), rng)].to_vec();
                insert(bytes, &copy, rng);
            }
            5 | 6 => insert(bytes, TOKENS.choose(rng).copied().unwrap_or_default(), rng),
            7 => {
                if let Some(byte) = bytes.choose_mut(rng) {
                    *byte ^= 1 << rng.gen_range(0..8);
                }
            }
            _ => {
                if let Some(byte) = bytes.choose_mut(rng) {
                    *byte = rng.r#gen();
                }
            }
        }
    }
}

/// A few positions that follow on each other.
fn range(len: usize, rng: &mut impl Rng) -> std::ops::Range<usize> {
    let start = rng.gen_range(0..=len);
    let most = if rng.gen_bool(0.8) { 8 } else { 200 };
    start..(start + rng.gen_range(0..=most)).min(len)
}

fn insert(bytes: &mut Vec<u8>, what: &[u8], rng: &mut impl Rng) {
    let at = rng.gen_range(0..=bytes.len());
    bytes.splice(at..at, what.iter().copied());
}

/// Drops, repeats or exchanges lines.
fn lines(bytes: &mut Vec<u8>, rng: &mut impl Rng) {
    let mut lines: Vec<Vec<u8>> =
        bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return;
    }
    let (i, j) = (rng.gen_range(0..lines.len()), rng.gen_range(0..lines.len()));
    match rng.gen_range(0..3) {
        0 => drop(lines.remove(i)),
        1 => lines.insert(j, lines[i].clone()),
        _ => lines.swap(i, j),
    }
    *bytes = lines.concat();
}

/// Puts another value in the place of one of a line of JSON, or of the whole
/// file if that is JSON.
fn json_value(bytes: &mut Vec<u8>, rng: &mut impl Rng) {
    let line = {
        let ends: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i] == b'\n').collect();
        let i = rng.gen_range(0..=ends.len());
        let start = if i == 0 { 0 } else { ends[i - 1] + 1 };
        start..ends.get(i).copied().unwrap_or(bytes.len())
    };
    for range in [line, 0..bytes.len()] {
        if let Ok(mut value) = serde_json::from_slice::<Value>(&bytes[range.clone()]) {
            let nodes = count(&value);
            let mut at = rng.gen_range(0..nodes);
            replace(&mut value, &mut at, rng);
            let text = value.to_string();
            bytes.splice(range, text.into_bytes());
            return;
        }
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(count).sum(),
        Value::Object(object) => object.values().map(count).sum(),
        _ => 0,
    }
}

/// Replaces the node that is `at` steps further in reading order.
fn replace(value: &mut Value, at: &mut usize, rng: &mut impl Rng) -> bool {
    if *at == 0 {
        *value = other(value, rng);
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(values) => values.iter_mut().any(|value| replace(value, at, rng)),
        Value::Object(object) => object.values_mut().any(|value| replace(value, at, rng)),
        _ => false,
    }
}

fn other(value: &Value, rng: &mut impl Rng) -> Value {
    match rng.gen_range(0..12) {
        0 => Value::Null,
        1 => json!(rng.r#gen::<bool>()),
        2 => json!(rng.r#gen::<i64>() >> rng.gen_range(0..64)),
        3 => json!(rng.r#gen::<f64>() * 1e18),
        4 => json!(""),
        5 => json!("\u{1f989}\t\n\u{0}|\u{feff}"),
        6 => json!([]),
        7 => json!({}),
        8 => json!([value, value]),
        9 => json!({ "id": value, "from": value }),
        10 => json!(["system", "user", "assistant", "bot"].choose(rng)),
        _ => value.get(0).cloned().unwrap_or(Value::Null),
    }
}

/// Bytes at random, of an alphabet that is now wide, now narrow.
pub fn noise(rng: &mut impl Rng) -> Vec<u8> {
    let len = rng.gen_range(0..300);
    if rng.gen_bool(0.5) {
        return (0..len).map(|_| rng.r#gen()).collect();
    }
    let mut bytes = Vec::new();
    for _ in 0..rng.gen_range(0..40) {
        bytes.extend_from_slice(TOKENS.choose(rng).copied().unwrap_or_default());
    }
    bytes
}
