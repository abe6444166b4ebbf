//! The items of a YAML file's list of acts, one at a time.
//!
//! A YAML document is one piece, and a parser that has met an error cannot go
//! on behind it. The files at hand have a layout that allows for more: they
//! are PyYAML's, in block style, so that each item of the outer list begins
//! with `- ` at the left margin, where nothing else can. The file is cut
//! there; each item is parsed by itself, and a damaged one costs no other.

use std::io::BufRead;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use crate::error::{Error, Result};
use crate::lines::Lines;

/// How deep lists and mappings may lie in one another; an act has five levels.
const DEPTH: usize = 16;

/// A YAML value and the line where it begins.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What is read of YAML.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Text(String),
    List(Vec<Node>),
    Mapping(Vec<(String, Node)>),
}

impl Value {
    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }
}

/// The items of the list below the key `acts`.
#[derive(Debug)]
pub(super) struct Items<R> {
    pub(super) lines: Lines<R>,
    /// The item whose lines are being gathered, and where it begins.
    item: Option<(usize, String)>,
    /// The number of the last line in `item`.
    last: usize,
    /// Whether we are below `acts`.
    acts: bool,
    /// Whether the lines up to the next item belong to one that was complained
    /// of.
    dropped: bool,
    /// What was wrong with the line behind the item handed out last.
    stray: Option<Error>,
}

impl<R: BufRead> Items<R> {
    pub(super) fn new(lines: Lines<R>) -> Self {
        Items { lines, item: None, last: 0, acts: false, dropped: false, stray: None }
    }

    /// The next item; an error in one is followed by the next.
    pub(super) fn next_item(&mut self) -> Option<Result<Node>> {
        loop {
            if let Some(error) = self.stray.take() {
                return Some(Err(error));
            }
            let Some(advanced) = self.lines.advance() else {
                let (line, text) = self.item.take()?;
                return Some(self.parse(line, &text));
            };
            if let Err(error) = advanced.and_then(|()| self.lines.text().map(|_| ())) {
                // The item that has this line is lost with it.
                self.item = None;
                self.dropped = true;
                return Some(Err(error));
            }
            let line = self.lines.line();
            let text = str::from_utf8(self.lines.bytes()).unwrap_or_default();
            if text.starts_with("- ") && self.acts {
                let before = self.item.replace((line, text.to_owned()));
                self.last = line;
                self.dropped = false;
                if let Some((line, text)) = before {
                    return Some(self.parse(line, &text));
                }
            } else if text.starts_with([' ', '\t']) {
                if let Some((_, item)) = &mut self.item {
                    // Blank lines mean something within quotes.
                    item.extend(std::iter::repeat_n('\n', line - self.last));
                    item.push_str(text);
                    self.last = line;
                } else if self.acts && !self.dropped {
                    self.dropped = true;
                    const EXPECTED: &str = "`- ` and an act, not indented";
                    return Some(Err(self.lines.wrong("acts", EXPECTED, "an indented line")));
                }
            } else {
                let acts = text.trim_end() == "acts:";
                if acts || is_key(text) || text.starts_with(['#', '.']) || text.starts_with("---") {
                    self.acts = acts;
                    self.dropped = false;
                } else {
                    const EXPECTED: &str = "`acts:`, another key, or `- ` and an act";
                    self.stray = Some(self.lines.wrong("key", EXPECTED, "something else"));
                }
                if let Some((line, text)) = self.item.take() {
                    return Some(self.parse(line, &text));
                }
            }
        }
    }

    /// The item that begins in line `first`.
    fn parse(&self, first: usize, text: &str) -> Result<Node> {
        let damaged = |error: ScanError| {
            // Positions in the item to positions in the file.
            let line = first - 1 + error.marker().line();
            let source = error.info().to_owned().into();
            Error::Damaged { file: self.lines.file().to_owned(), line, format: "YAML", source }
        };
        let refused = |line: usize, expected: &'static str, found: &str| Error::Field {
            file: self.lines.file().to_owned(),
            line,
            field: String::from("acts"),
            expected,
            found: found.to_owned(),
        };
        if text.contains('\0') {
            // For the parser a text ends there.
            return Err(refused(first, "text", "a NUL character"));
        }
        let mut open: Vec<Open> = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(damaged)?;
            let line = first - 1 + span.start.line();
            let value = match event {
                Event::Scalar(text, ScalarStyle::Plain, ..)
                    if matches!(&*text, "" | "~" | "null") =>
                {
                    Value::Null
                }
                Event::Scalar(text, ..) => Value::Text(text.into_owned()),
                Event::SequenceStart(..) | Event::MappingStart(..) => {
                    if open.len() == DEPTH {
                        return Err(refused(line, "at most 16 levels", "more"));
                    }
                    open.push(match event {
                        Event::SequenceStart(..) => Open::List(line, Vec::new()),
                        _ => Open::Mapping(line, Vec::new(), None),
                    });
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                    // The list that the item's own `- ` has opened.
                    Some(Open::List(_, mut nodes)) if open.is_empty() => {
                        let nothing = || refused(first, "an act", "nothing");
                        return nodes.pop().ok_or_else(nothing);
                    }
                    Some(Open::List(line, nodes)) => {
                        place(&mut open, Node { line, value: Value::List(nodes) });
                        continue;
                    }
                    Some(Open::Mapping(line, pairs, _)) => {
                        place(&mut open, Node { line, value: Value::Mapping(pairs) });
                        continue;
                    }
                    None => continue,
                },
                Event::Alias(_) => return Err(refused(line, "values in full", "an alias")),
                _ => continue,
            };
            place(&mut open, Node { line, value });
        }
        Err(refused(first, "a list", "something else"))
    }
}

/// A list or mapping whose end has not been met; a mapping with the key whose
/// value comes next.
enum Open {
    List(usize, Vec<Node>),
    Mapping(usize, Vec<(String, Node)>, Option<String>),
}

/// Puts a value into the innermost list or mapping.
fn place(open: &mut [Open], node: Node) {
    match open.last_mut() {
        Some(Open::List(_, nodes)) => nodes.push(node),
        Some(Open::Mapping(_, pairs, key)) => match key.take() {
            Some(key) => pairs.push((key, node)),
            None => {
                *key = Some(match node.value {
                    Value::Text(text) => text,
                    _ => String::new(),
                });
            }
        },
        None => {}
    }
}

/// Whether a line begins with a key such as `num_episodes: 7`.
fn is_key(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, _)| {
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
