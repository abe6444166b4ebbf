//! Exports of chat programs, and sessions made of them.

use idl_corpora::export::{self, Entry, SessionParams, whatsapp::DateOrder};
use idl_corpora::{Result, Tally};
use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::json;

use super::super::text::sentence;
use super::format::{FILE, Format, outcomes, records};

pub const TELEGRAM: Format = Format {
    name: "telegram",
    exact: false,
    pieces: telegram_pieces,
    check: |bytes, _| checked(bytes, || export::telegram::read(bytes, FILE)),
    reader: |input| outcomes(export::telegram::read(input, FILE)),
};

pub const WHATSAPP: Format = Format {
    name: "whatsapp",
    exact: false,
    pieces: |n, rng| (0..n).map(|i| whatsapp_record(i, rng)).collect(),
    check: |bytes, _| {
        // Whatever order is found or is not.
        let _ = export::whatsapp::read(bytes, FILE, None).count();
        checked(bytes, || export::whatsapp::read(bytes, FILE, Some(DateOrder::DayMonth)))
    },
    reader: |input| outcomes(export::whatsapp::read(input, FILE, Some(DateOrder::DayMonth))),
};

fn telegram_pieces(n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<Vec<u8>> {
    let messages = (0..n).map(|i| {
        let from = rng.gen_range(0..2);
        let text = match rng.gen_range(0..3) {
            0 => json!([sentence(rng), { "type": "bold", "text": sentence(rng) }]),
            _ => json!(sentence(rng)),
        };
        let message = json!({
            "id": i,
            "type": if rng.gen_bool(0.9) { "message" } else { "service" },
            "date": format!("2023-12-{:02}T18:03:00", 1 + i % 31),
            "date_unixtime": format!("{}", 1_700_000_000 + 100 * i),
            "from": (["Ada", "Bo"][from]),
            "from_id": (["user1", "user2"][from]),
            "text": text,
        });
        let begin = "{\"name\": \"Bo\", \"type\": \"personal_chat\", \"id\": 7, \"messages\": [\n";
        let begin = if i == 0 { begin } else { "" };
        let end = if i + 1 == n { "\n]}\n" } else { ",\n" };
        format!("{begin}{message}{end}").into_bytes()
    });
    messages.collect()
}

fn whatsapp_record(n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let from = ["Ada", "Bo"][rng.gen_range(0..2)];
    let more = if rng.gen_bool(0.2) { "and\n" } else { "" };
    let (day, text) = (1 + n % 31, sentence(rng));
    format!("{day:02}/12/2023, 18:03 - {from}: x{text}\n{more}").into_bytes()
}

/// As all readers; and of the entries, none is lost on the way to sessions.
fn checked<I: Iterator<Item = Result<Entry>>>(bytes: &[u8], reader: impl Fn() -> I) -> Tally {
    let (good, tally) = records(bytes, reader);
    let entries = good.len();
    let params = SessionParams { min_messages: 1, ..SessionParams::of("Ada") };
    if let Ok((chats, account)) = export::sessions(good.into_iter().map(Ok), &params) {
        assert_eq!(account.entries, entries);
        let lost = account.media + account.service + account.forwarded + account.empty;
        let lost = lost + account.in_short_sessions + account.without_person;
        assert_eq!(account.entries, account.kept + lost);
        assert!(chats.iter().all(|chat| !chat.session.messages.is_empty()));
    }
    tally
}
