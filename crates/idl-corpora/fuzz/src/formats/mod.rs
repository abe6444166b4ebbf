//! The formats: how a good file is made, and what is asked of its reader.

mod export;
mod format;
mod jsonl;
mod text;

pub use format::Format;

/// All of them.
pub const FORMATS: &[Format] = &[
    jsonl::CHAT,
    jsonl::CONVAI2,
    jsonl::DPOC,
    jsonl::MESSAGES,
    jsonl::PERSONAEXT,
    text::PARLAI,
    text::CORNELL_LINES,
    text::CORNELL,
    text::LIGHT,
    export::TELEGRAM,
    export::WHATSAPP,
];

/// The format of that name.
///
/// # Panics
/// There is none.
pub fn named(name: &str) -> &'static Format {
    FORMATS.iter().find(|format| format.name == name).expect("a format of that name")
}
