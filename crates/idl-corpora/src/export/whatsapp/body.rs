//! What stands behind date and time: who speaks, and whether it is they who
//! speak and not the program.

use super::header::is_mark;
use crate::export::entry::NoText;

/// The mark that WhatsApp puts in front of what it says itself.
const ITS_OWN: char = '\u{200e}';

/// Android's word for media that were not exported, in the languages at hand.
const OMITTED: [&str; 10] = [
    "<Media omitted>",
    "<Medien ausgeschlossen>",
    "<Médias omis>",
    "<Multimedia omitido>",
    "<Archivo omitido>",
    "<Media omessi>",
    "<Mídia oculta>",
    "<Ficheiro não revelado>",
    "<Media weggelaten>",
    "<Без медиафайлов>",
];

/// Android's words behind the name of a file that was exported too.
const ATTACHED: [&str; 7] = [
    "(file attached)",
    "(Datei angehängt)",
    "(fichier joint)",
    "(archivo adjunto)",
    "(file allegato)",
    "(arquivo anexado)",
    "(bestand bijgevoegd)",
];

/// What stands instead of a message that was taken back.
const DELETED: [&str; 4] = [
    "This message was deleted",
    "This message was deleted.",
    "You deleted this message",
    "You deleted this message.",
];

const EDITED: &str = "<This message was edited>";

/// Who speaks, and the first line of what they say; `None` where no sender is
/// named, since the program speaks.
pub(super) fn sender(rest: &str) -> Option<(&str, &str)> {
    let (name, text) = match rest.split_once(": ") {
        Some(both) => both,
        // The text begins on the next line.
        None => (rest.strip_suffix(':')?, ""),
    };
    let name = name.trim_matches(|c: char| is_mark(c) || c.is_whitespace());
    // In groups `~` stands before the name that a stranger has given.
    let name = name.strip_prefix('~').map_or(name, str::trim_start);
    (!name.is_empty()).then_some((name, text))
}

/// The words of the sender, if there are some.
pub(super) fn words(text: &str) -> Result<&str, NoText> {
    if let Some(own) = text.strip_prefix(ITS_OWN) {
        let own = own.trim();
        let attached = ATTACHED.iter().any(|ending| own.ends_with(ending));
        let media = own.ends_with(" omitted") || own.starts_with('<') || attached;
        return Err(if media { NoText::Media } else { NoText::Service });
    }
    let mut words = text.trim_matches(blank);
    if DELETED.contains(&words) {
        return Err(NoText::Service);
    }
    words = words.strip_suffix(EDITED).unwrap_or(words).trim_end_matches(blank);
    // A picture and its caption: behind it on Android, before it on iPhones.
    let (first, caption) = words.split_once('\n').unwrap_or((words, ""));
    let attached = |ending: &&str| first.trim_end_matches(blank).ends_with(*ending);
    let media = if OMITTED.contains(&first.trim_matches(blank)) || ATTACHED.iter().any(attached) {
        words = caption.trim_matches(blank);
        true
    } else if let Some((caption, file)) = words.rsplit_once("\u{200e}<attached: ") {
        if file.ends_with('>') && !file.contains('\n') {
            words = caption.trim_matches(blank);
        }
        true
    } else {
        false
    };
    match (words.is_empty(), media) {
        (false, _) => Ok(words),
        (true, true) => Err(NoText::Media),
        (true, false) => Err(NoText::Empty),
    }
}

fn blank(c: char) -> bool {
    c.is_whitespace() || is_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_speaks() {
        assert_eq!(sender("Bo: is: it"), Some(("Bo", "is: it")));
        assert_eq!(sender("~\u{202f}Bo B.: hi"), Some(("Bo B.", "hi")));
        assert_eq!(sender("\u{202a}+1 555 0100\u{202c}: hi"), Some(("+1 555 0100", "hi")));
        assert_eq!(sender("Bo:"), Some(("Bo", "")));
        assert_eq!(sender("Bo created the group"), None);
        assert_eq!(sender(": hi"), None);
    }

    #[test]
    fn what_they_say() {
        use NoText::{Empty, Media, Service};
        for (text, expected) in [
            ("hi", Ok("hi")),
            ("a\n\nb ", Ok("a\n\nb")),
            ("look: <3", Ok("look: <3")),
            ("<Media omitted>", Err(Media)),
            ("<Medien ausgeschlossen>\u{200e}", Err(Media)),
            ("<Media omitted>\nmy cat", Ok("my cat")),
            ("IMG-1.jpg (file attached)", Err(Media)),
            ("\u{200e}IMG-1.jpg (file attached)", Err(Media)),
            ("IMG-1.jpg (Datei angehängt)\nmy cat", Ok("my cat")),
            ("my cat \u{200e}<attached: 1-PHOTO.jpg>", Ok("my cat")),
            ("\u{200e}<attached: 1-PHOTO.jpg>", Err(Media)),
            ("\u{200e}image omitted", Err(Media)),
            ("\u{200e}Missed voice call", Err(Service)),
            ("This message was deleted", Err(Service)),
            ("hi \u{200e}<This message was edited>", Ok("hi")),
            ("", Err(Empty)),
            (" \u{200f}", Err(Empty)),
        ] {
            assert_eq!(words(text), expected, "{text:?}");
        }
    }
}
