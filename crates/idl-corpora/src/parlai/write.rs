//! From episodes to lines.

use std::fmt::Write as _;
use std::io::Write;

use super::episode::{CANDIDATE_SEPARATOR, Episode, PARTNER_PERSONA, PERSONA, Turn, unwritable};
use crate::error::{Error, Result};

/// Writes an episode, which [`read`](super::read) reads back as it was. Its
/// `index` and `line` are those of the place where it then stands.
///
/// # Errors
/// [`Error::Unwritable`] for what the format cannot hold: a tab or a line end
/// in a text, a `|` in a candidate, a partner whose text looks like a persona,
/// no turn; nothing has been written then. The writer's errors.
///
/// ```
/// use idl_corpora::parlai::{self, Episode, Turn};
///
/// let turn = Turn { partner: "any pets ?".into(), reply: "two owls .".into(), candidates: vec![] };
/// let mut episode = Episode { persona: vec!["i row.".into()], turns: vec![turn], ..Episode::default() };
/// let mut file = Vec::new();
/// parlai::write(&mut file, &episode)?;
/// assert_eq!(file, b"1 your persona: i row.\n2 any pets ?\ttwo owls .\n");
///
/// episode.turns[0].reply = "two\nowls".into();
/// assert_eq!(
///     parlai::write(&mut file, &episode).unwrap_err().to_string(),
///     "cannot be written: field `turns[0].reply`: expected a text without tabs and line ends, \
///      found `\\n`"
/// );
/// # Ok::<(), idl_corpora::Error>(())
/// ```
pub fn write<W: Write>(mut writer: W, episode: &Episode) -> Result<()> {
    let text = text(episode)?;
    writer.write_all(text.as_bytes()).map_err(|source| Error::Write { source })
}

fn text(episode: &Episode) -> Result<String> {
    let Episode { persona, partner_persona, turns, .. } = episode;
    if turns.is_empty() {
        return Err(unwritable("turns", "a turn or more", "none"));
    }
    let mut text = String::new();
    let mut numbers = 1_usize..;
    let mut begin = |text: &mut String| {
        // Writing to a string does not fail, and the numbers have no end.
        let _ = write!(text, "{} ", numbers.next().unwrap_or_default());
    };
    for (prefix, name, sentences) in
        [(PERSONA, "persona", persona), (PARTNER_PERSONA, "partner_persona", partner_persona)]
    {
        for (i, sentence) in sentences.iter().enumerate() {
            check(sentence, || format!("{name}[{i}]"))?;
            begin(&mut text);
            text.extend([prefix, sentence.as_str(), "\n"]);
        }
    }
    for (i, Turn { partner, reply, candidates }) in turns.iter().enumerate() {
        check(partner, || format!("turns[{i}].partner"))?;
        check(reply, || format!("turns[{i}].reply"))?;
        if [PERSONA, PARTNER_PERSONA].iter().any(|prefix| partner.starts_with(prefix)) {
            let expected = "a text that does not begin as a persona does";
            return Err(unwritable(format!("turns[{i}].partner"), expected, "that beginning"));
        }
        begin(&mut text);
        text.extend([partner.as_str(), "\t", reply.as_str()]);
        for (j, candidate) in candidates.iter().enumerate() {
            let field = || format!("turns[{i}].candidates[{j}]");
            check(candidate, field)?;
            if candidate.contains(CANDIDATE_SEPARATOR) {
                return Err(unwritable(field(), "a text without `|`", "`|`"));
            }
            text.push_str(if j == 0 { "\t\t" } else { "|" });
            text.push_str(candidate);
        }
        text.push('\n');
    }
    Ok(text)
}

/// Refuses what would end a field or a line.
fn check(text: &str, field: impl FnOnce() -> String) -> Result<()> {
    match text.find(['\t', '\n', '\r']) {
        None => Ok(()),
        Some(at) => {
            let found =
                format!("`{}`", text[at..].chars().take(1).collect::<String>().escape_debug());
            Err(unwritable(field(), "a text without tabs and line ends", found))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::convai2::SILENCE;
    use crate::parlai::read::read;

    fn text_of_a_field() -> impl Strategy<Value = String> {
        prop_oneof![
            3 => "[^\t\r\n]{0,12}",
            1 => prop::sample::select(vec![SILENCE, "", " ", "1 ", "\u{feff}", "your persona:"])
                .prop_map(String::from),
            // Now and then what cannot be written.
            1 => any::<String>(),
        ]
    }

    fn turn() -> impl Strategy<Value = Turn> {
        let candidates = prop::collection::vec("[^\t\r\n|]{0,6}", 0..4);
        (text_of_a_field(), text_of_a_field(), candidates)
            .prop_map(|(partner, reply, candidates)| Turn { partner, reply, candidates })
    }

    fn episode() -> impl Strategy<Value = Episode> {
        let persona = || prop::collection::vec(text_of_a_field(), 0..3);
        (persona(), persona(), prop::collection::vec(turn(), 0..4)).prop_map(
            |(persona, partner_persona, turns)| Episode {
                persona,
                partner_persona,
                turns,
                ..Episode::default()
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(episodes in prop::collection::vec(episode(), 0..6)) {
            let (mut file, mut written) = (Vec::new(), Vec::new());
            for episode in episodes {
                let before = file.len();
                match write(&mut file, &episode) {
                    Ok(()) => {
                        let newline = |bytes: &[u8]| bytes.iter().filter(|&&b| b == b'\n').count();
                        let (index, line) = (written.len(), newline(&file[..before]) + 1);
                        written.push(Episode { index, line, ..episode });
                    }
                    Err(error) => {
                        let unwritable = matches!(error, Error::Unwritable { .. });
                        prop_assert!(unwritable);
                        prop_assert_eq!(file.len(), before, "half an episode");
                    }
                }
            }
            let back: Result<Vec<_>> = read(&file[..], "file").collect();
            prop_assert_eq!(back.unwrap(), written);
        }
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let good = || Turn { partner: "a".into(), reply: "b".into(), candidates: vec!["c".into()] };
        let field = |spoil: fn(&mut Episode)| {
            let mut episode =
                Episode { persona: vec!["p".into()], turns: vec![good(); 2], ..Episode::default() };
            spoil(&mut episode);
            match write(Vec::new(), &episode) {
                Err(Error::Unwritable { field, .. }) => field,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(field(|e| e.turns.clear()), "turns");
        assert_eq!(field(|e| e.persona[0].push('\t')), "persona[0]");
        assert_eq!(field(|e| e.partner_persona.push("\r".into())), "partner_persona[0]");
        assert_eq!(field(|e| e.turns[1].partner = "your persona: x".into()), "turns[1].partner");
        assert_eq!(field(|e| e.turns[1].reply.push('\n')), "turns[1].reply");
        assert_eq!(field(|e| e.turns[0].candidates[0].push('|')), "turns[0].candidates[0]");
    }
}
