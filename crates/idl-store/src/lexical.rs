//! BM25 over the sessions of one person.

use std::collections::HashMap;

/// How soon further occurrences of a word count for less.
const K1: f64 = 1.2;

/// Longer words count by so many first characters, too.
const STEM: usize = 5;

/// How much the length of a session counts.
const B: f64 = 0.75;

/// A session that a word occurs in.
#[derive(Clone, Copy, Debug)]
struct Posting {
    session: u32,
    count: u32,
}

#[derive(Clone, Debug)]
struct Indexed {
    id: String,
    words: u32,
}

/// An index of words in memory: which sessions say what a query says.
///
/// The score of a session `d` for a query `q`, as in Lucene since its version 8:
///
/// ```text
/// score(d) = sum over the words t of q of
///            idf(t) tf(t, d) / (tf(t, d) + k1 (1 - b + b |d| / avg |d|))
/// idf(t)   = ln(1 + (N - df(t) + 0.5) / (df(t) + 0.5)),  k1 = 1.2, b = 0.75
/// ```
///
/// with `N` sessions, `df` of which say `t`, `tf` times in `d` of `|d|` words.
/// A word that the query says twice counts twice. A word is a lower-cased run
/// of letters and digits with apostrophes inside it; a longer one than five
/// characters counts by its first five, too, so that `painted` finds `painting` in
/// whatever language, if for less than itself. No word is left out.
///
/// ```
/// use idl_store::LexicalIndex;
///
/// let mut index = LexicalIndex::new();
/// index.add("monday", ["we went rowing", "the boat was wet"]);
/// index.add("friday", ["my cat likes the boat shed"]);
/// assert_eq!(index.top("Whose cat?", 5)[0].0, "friday");
/// assert_eq!(index.scores("zebra"), [0.0, 0.0]);
/// index.remove("friday");
/// assert!(index.top("cat", 5).is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct LexicalIndex {
    sessions: Vec<Indexed>,
    places: HashMap<String, u32>,
    /// By word, in the order of sessions.
    postings: HashMap<String, Vec<Posting>>,
}

impl LexicalIndex {
    /// An index of no session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a session behind the others. `false`, and nothing happens, if it
    /// is there already. `O(words)`.
    pub fn add<'a>(&mut self, id: &str, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let Ok(session) = u32::try_from(self.sessions.len()) else { return false };
        if self.places.contains_key(id) {
            return false;
        }
        let mut words = 0_u32;
        for text in texts {
            each_word(text, |word| {
                words = words.saturating_add(1);
                match self.postings.get_mut(word) {
                    None => {
                        self.postings.insert(word.to_owned(), vec![Posting { session, count: 1 }]);
                    }
                    Some(list) => match list.last_mut() {
                        Some(last) if last.session == session => {
                            last.count = last.count.saturating_add(1);
                        }
                        _ => list.push(Posting { session, count: 1 }),
                    },
                }
            });
        }
        self.places.insert(id.to_owned(), session);
        self.sessions.push(Indexed { id: id.to_owned(), words });
        true
    }

    /// Removes a session; those behind it move up. `false` if it is not there.
    /// `O(size of the index)`.
    pub fn remove(&mut self, id: &str) -> bool {
        let Some(gone) = self.places.remove(id) else { return false };
        self.sessions.remove(gone as usize);
        for place in self.places.values_mut().filter(|place| **place > gone) {
            *place -= 1;
        }
        self.postings.retain(|_, list| {
            list.retain(|posting| posting.session != gone);
            for posting in list.iter_mut().filter(|posting| posting.session > gone) {
                posting.session -= 1;
            }
            !list.is_empty()
        });
        true
    }

    /// The number of sessions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is no session.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// The ids of the sessions, in the order in which they were added.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = &str> {
        self.sessions.iter().map(|session| session.id.as_str())
    }

    /// The score of every session, in the order of [`ids`](Self::ids); 0 where
    /// it says no word of the query, and for a query of no words.
    /// `O(sessions that each word occurs in)`.
    #[must_use]
    pub fn scores(&self, query: &str) -> Vec<f64> {
        let all: Vec<usize> = (0..self.sessions.len()).collect();
        self.scores_among(query, &all)
    }

    /// The scores of some sessions, as if there were no others: neither their words
    /// nor their lengths count. `places` are positions in [`ids`](Self::ids), each
    /// once; the scores are in their order, 0 for a place that is none.
    /// `O(sessions)`, and those that each word occurs in.
    ///
    /// Among the sessions of a person may be one whose words must not be known, such
    /// as the dialogue that is to be continued.
    ///
    /// ```
    /// use idl_store::LexicalIndex;
    ///
    /// let (mut all, mut two) = (LexicalIndex::new(), LexicalIndex::new());
    /// for (id, text) in [("a", "a red kite"), ("b", "red red wine"), ("c", "kite kite kite kite")] {
    ///     all.add(id, [text]);
    ///     if id != "b" {
    ///         two.add(id, [text]);
    ///     }
    /// }
    /// assert_eq!(all.scores_among("my red kite", &[0, 2]), two.scores("my red kite"));
    /// ```
    #[must_use]
    pub fn scores_among(&self, query: &str, places: &[usize]) -> Vec<f64> {
        let mut rows = vec![usize::MAX; self.sessions.len()];
        let (mut n, mut words) = (0.0, 0.0);
        for (row, &place) in places.iter().enumerate() {
            if let (Some(of_place), Some(session)) = (rows.get_mut(place), self.sessions.get(place))
            {
                *of_place = row;
                n += 1.0;
                words += f64::from(session.words);
            }
        }
        let mean = words / n;
        let mut scores = vec![0.0; places.len()];
        each_word(query, |word| {
            let Some(list) = self.postings.get(word) else { return };
            let row = |posting: &Posting| rows.get(posting.session as usize).copied();
            let among =
                || list.iter().filter_map(|p| Some((p, row(p).filter(|&row| row != usize::MAX)?)));
            let df = among().count() as f64;
            let idf = (1.0 + (n - df + 0.5) / (df + 0.5)).ln();
            for (posting, row) in among() {
                let Some(session) = self.sessions.get(posting.session as usize) else { continue };
                let tf = f64::from(posting.count);
                let length = 1.0 - B + B * f64::from(session.words) / mean;
                scores[row] += idf * tf / (tf + K1 * length);
            }
        });
        scores
    }

    /// The ids of at most `k` sessions that say a word of the query, best
    /// first, with their scores; of equal ones the earlier first.
    #[must_use]
    pub fn top(&self, query: &str, k: usize) -> Vec<(&str, f64)> {
        let mut found: Vec<_> =
            self.ids().zip(self.scores(query)).filter(|(_, score)| *score > 0.0).collect();
        // Stable.
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found.truncate(k);
        found
    }
}

/// Calls with each word of a text; phones write an apostrophe as `’`.
fn each_word(text: &str, mut with: impl FnMut(&str)) {
    let apostrophe = |c: char| c == '\'' || c == '’';
    let mut word = String::new();
    for run in text.split(|c: char| !(c.is_alphanumeric() || apostrophe(c))) {
        let run = run.trim_matches(apostrophe);
        if run.is_empty() {
            continue;
        }
        word.clear();
        for c in run.chars() {
            match c {
                '’' => word.push('\''),
                c if c.is_ascii() => word.push(c.to_ascii_lowercase()),
                c => word.extend(c.to_lowercase()),
            }
        }
        with(&word);
        // No word holds this sign: a stem is no word.
        if let Some((end, _)) = word.char_indices().nth(STEM) {
            word.truncate(end);
            word.push('*');
            with(&word);
        }
    }
}
