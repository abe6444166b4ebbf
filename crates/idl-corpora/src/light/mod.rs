//! LIGHT: dialogues of characters in a fantasy world, in ParlAI's layout.
//!
//! An act shows a character what has happened (`text`, a `_tag` on each line)
//! and what they say next (`labels`). The first act of a dialogue names the
//! setting, the character (`_self_name`, `_self_persona`) and the partner;
//! those behind repeat the character's reply and add what the partner says:
//!
//! ```yaml
//! acts:
//! - - episode_done: false
//!     labels:
//!     - Tea is in the pot.
//!     text: '_task_speech
//!
//!       _setting_name Kitchen, Inn
//!
//!       _partner_name guest
//!
//!       _self_name a cook
//!
//!       _self_persona I cook at the inn.
//!
//!       _partner_say Is there tea?'
//! num_episodes: 1
//! ```

mod act;
mod environment;
mod yaml;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

pub use environment::{Resident, residents};

use idl_dialogue::{Role, Session, Utterance};

use crate::error::{Error, Result};
use crate::grouping::Character;
use crate::lines::Lines;
use act::{Act, Item, Place};
use yaml::Items;

/// The two characters of a dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// The character whose view the file shows.
    Own,
    /// The other one.
    Partner,
}

/// What a character says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub speaker: Speaker,
    /// What, without spaces around it.
    pub text: String,
    /// The replies among which the corpus lets one choose, the true one
    /// included; only [`Speaker::Own`] has them, and not in every file.
    pub candidates: Vec<String>,
}

/// What a character does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// How many turns were said before it.
    pub turns_before: usize,
    /// Who.
    pub speaker: Speaker,
    /// Whether it is a gesture such as `smile`, not an action such as `get
    /// brush`.
    pub emote: bool,
    /// What.
    pub what: String,
}

/// A dialogue, from the view of one of its characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialogue {
    /// The name of the file without its ending, and the position in it counted
    /// from 0: `light_dialog_valid:0`.
    pub id: String,
    /// Where it happens: `Kitchen, Inn`.
    pub setting: String,
    /// The character whose view it is.
    pub own: Character,
    /// The other one; their persona is seldom told.
    pub partner: Character,
    /// What is said.
    pub turns: Vec<Turn>,
    /// What is done.
    pub deeds: Vec<Deed>,
    /// Whether the file has its end.
    pub complete: bool,
}

impl Dialogue {
    /// One of the two characters.
    #[must_use]
    pub fn character(&self, speaker: Speaker) -> &Character {
        match speaker {
            Speaker::Own => &self.own,
            Speaker::Partner => &self.partner,
        }
    }

    /// What is said, as a session of `target`, who is its assistant; deeds are
    /// left out. The id is the dialogue's with `:own` or `:partner` behind it.
    ///
    /// The whole corpus has each dialogue twice, once from either view: take
    /// [`Speaker::Own`] of each there.
    #[must_use]
    pub fn session(&self, target: Speaker) -> Session {
        let role = |speaker| if speaker == target { Role::Assistant } else { Role::User };
        let persona = &self.character(target).persona;
        Session {
            id: format!("{}:{}", self.id, if target == Speaker::Own { "own" } else { "partner" }),
            messages: (self.turns.iter().map(|t| Utterance::new(role(t.speaker), t.text.as_str())))
                .collect(),
            time: None,
            profile: (!persona.is_empty()).then(|| persona.clone()).into_iter().collect(),
        }
    }

    /// The sessions of the characters who say something, the own one's first,
    /// as [`by_character`](crate::grouping::by_character) asks for them.
    pub fn views(&self) -> impl Iterator<Item = (Character, Session)> + '_ {
        let speaks = |who: &Speaker| self.turns.iter().any(|turn| turn.speaker == *who);
        let both = [Speaker::Own, Speaker::Partner].into_iter().filter(speaks);
        both.map(|target| (self.character(target).clone(), self.session(target)))
    }
}

/// Dialogues, one at a time; made by [`read`] and [`open`].
///
/// After an error in a dialogue the iterator goes on with the next.
#[derive(Debug)]
pub struct Dialogues<R> {
    items: Items<R>,
    stem: String,
    /// The number of the next act.
    act: usize,
    /// The number of the next dialogue.
    index: usize,
    current: Option<Dialogue>,
    /// What was read and not yet handed out.
    ready: VecDeque<Result<Dialogue>>,
    /// Whether the acts up to the next beginning belong to a dialogue that was
    /// given up.
    lost: bool,
}

/// Reads dialogues from anything; `name` stands for the file in messages and,
/// without folder and ending, in ids.
///
/// Memory: one dialogue. Tags, keys and acts' fields that are not named above
/// are ignored.
///
/// # Errors
/// Each item: bytes that are not UTF-8; an act that is not YAML or lacks a
/// field; a list of several acts (a batch); acts without the beginning of
/// their dialogue; labels that are no speech; a reply that is not repeated as
/// it was.
pub fn read<R: BufRead>(reader: R, name: impl Into<String>) -> Dialogues<R> {
    Dialogues::new(Lines::new(reader, name))
}

/// Reads the dialogues of a file.
///
/// # Errors
/// The file cannot be opened. The items' errors: [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Dialogues<BufReader<File>>> {
    Ok(Dialogues::new(Lines::open(path.as_ref())?))
}

impl<R: BufRead> Dialogues<R> {
    fn new(lines: Lines<R>) -> Self {
        let stem = Path::new(lines.file()).file_stem().unwrap_or_default();
        let stem = stem.to_string_lossy().into_owned();
        Dialogues {
            items: Items::new(lines),
            stem,
            act: 0,
            index: 0,
            current: None,
            ready: VecDeque::new(),
            lost: false,
        }
    }

    /// Sets the number of bytes that a line may have
    /// ([`LINE_LIMIT`](crate::LINE_LIMIT) at first).
    #[must_use]
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.items.lines.set_limit(bytes);
        self
    }

    /// Takes an act in, or what was wrong with it.
    fn take(&mut self, act: Result<Act>, place: usize) {
        let act = match act {
            Ok(act) => act,
            // As far as anybody can tell it is one of the current dialogue.
            Err(error) => return self.give_up(error),
        };
        if act.items.iter().any(|item| item.tag == "_self_name") {
            self.ready.extend(self.current.take().map(Ok));
            let id = format!("{}:{}", self.stem, self.index);
            self.index += 1;
            self.current = Some(Dialogue { id, ..Dialogue::default() });
            self.lost = false;
        }
        let place = Place { file: self.items.lines.file(), act: place };
        let done = act.done;
        match &mut self.current {
            Some(dialogue) => match dialogue.add(act, &place) {
                Ok(()) if done => self.ready.extend(self.current.take().map(Ok)),
                Ok(()) => {}
                Err(error) => self.give_up(error),
            },
            None if self.lost => {}
            None => {
                const EXPECTED: &str = "`_self_name` at the beginning of a dialogue";
                let error = place.wrong(act.line, "text", EXPECTED, "none");
                self.give_up(error);
            }
        }
        self.lost &= !done;
    }

    fn give_up(&mut self, error: Error) {
        self.current = None;
        self.lost = true;
        self.ready.push_back(Err(error));
    }
}

impl<R: BufRead> Iterator for Dialogues<R> {
    type Item = Result<Dialogue>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            let Some(item) = self.items.next_item() else {
                return self.current.take().map(Ok);
            };
            let place = self.act;
            self.act += 1;
            let file = self.items.lines.file();
            let act = item.and_then(|node| Place { file, act: place }.act(node));
            self.take(act, place);
        }
        self.ready.pop_front()
    }
}

impl Dialogue {
    /// Adds what an act tells.
    fn add(&mut self, act: Act, place: &Place<'_>) -> Result<()> {
        let Act { line, items, label, candidates, done } = act;
        for Item { tag, value } in items {
            let (speaker, what) = match tag.as_str() {
                "_setting_name" => {
                    self.setting = value;
                    continue;
                }
                "_self_name" => {
                    self.own.name = value;
                    continue;
                }
                "_self_persona" => {
                    self.own.persona = value;
                    continue;
                }
                "_partner_name" => {
                    self.partner.name = value;
                    continue;
                }
                "_partner_persona" => {
                    self.partner.persona = value;
                    continue;
                }
                "_task_act" | "_task_emote" => {
                    return Err(place.wrong(line, "text", "`_task_speech`", format!("`{tag}`")));
                }
                "_self_say" => {
                    self.repeated(value, line, place)?;
                    continue;
                }
                "_partner_say" => {
                    let speaker = Speaker::Partner;
                    self.turns.push(Turn { speaker, text: value, candidates: Vec::new() });
                    continue;
                }
                "_self_act" => (Speaker::Own, false),
                "_self_emote" => (Speaker::Own, true),
                "_partner_act" => (Speaker::Partner, false),
                "_partner_emote" => (Speaker::Partner, true),
                _ => continue,
            };
            let turns_before = self.turns.len();
            self.deeds.push(Deed { turns_before, speaker, emote: what, what: value });
        }
        self.turns.push(Turn { speaker: Speaker::Own, text: label, candidates });
        self.complete = done;
        Ok(())
    }

    /// `_self_say` says the last label again; before the first it is new.
    fn repeated(&mut self, said: String, line: usize, place: &Place<'_>) -> Result<()> {
        match self.turns.last() {
            Some(Turn { speaker: Speaker::Own, text, .. }) if *text == said => Ok(()),
            Some(Turn { speaker: Speaker::Own, .. }) => {
                const EXPECTED: &str = "the reply before, again, behind `_self_say`";
                Err(place.wrong(line, "text", EXPECTED, "something else"))
            }
            _ => {
                let speaker = Speaker::Own;
                self.turns.push(Turn { speaker, text: said, candidates: Vec::new() });
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
