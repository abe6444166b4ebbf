//! From files to persons, one function for each corpus.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use idl_corpora::chat::{self, Chat};
use idl_corpora::convai2::{self, Speaker};
use idl_corpora::grouping::{self, Profiles};
use idl_corpora::{Error, Records, Tally, cornell, dpoc, embedded, light, parlai};
use idl_dialogue::{BoxError, Person, Session};

use super::group::Group;
use super::options::{Corpus, CorpusArgs, CorpusKind, View, data_dir};

/// Cornell's file of lines where only a part of it is at hand.
const PARTIAL_LINES: &str = "movie_lines.partial.txt";

/// Cornell's list of films to keep out of training.
const TEST_MOVIES: &str = "test_movies.json";

/// Where the dialogues of LIGHT are, if not in the folder itself.
const LIGHT_SAMPLES: &str = "parlai_test_samples";

pub(super) fn load(args: &CorpusArgs) -> Result<Corpus, BoxError> {
    let loader = Loader { args, counts: Counts::default(), records: Tally::default() };
    match args.corpus {
        CorpusKind::Convai2 => loader.convai2(),
        CorpusKind::Parlai => loader.parlai(),
        CorpusKind::Cornell => loader.cornell(),
        CorpusKind::Light => loader.light(),
        CorpusKind::Dpoc => loader.dpoc(),
        CorpusKind::Jsonl => loader.jsonl(),
        CorpusKind::Embedded => loader.embedded(),
    }
}

/// Conversations counted as they go by.
#[derive(Default)]
struct Counts {
    dialogues: usize,
    short: usize,
    utterances: usize,
    words: usize,
}

struct Loader<'a> {
    args: &'a CorpusArgs,
    counts: Counts,
    records: Tally,
}

impl Loader<'_> {
    /// Hands each good record to `take`.
    fn each<T>(
        &mut self,
        records: impl Iterator<Item = Result<T, Error>>,
        mut take: impl FnMut(&mut Self, T),
    ) -> Result<(), Error> {
        let mut records = records.skipping(self.args.lenient);
        for record in records.by_ref() {
            take(self, record?);
        }
        self.records.add(records.tally());
        Ok(())
    }

    /// Counts a dialogue, if it is long enough.
    fn count<'t>(&mut self, utterances: impl Iterator<Item = &'t str>) -> bool {
        let (mut n, mut words) = (0, 0);
        for utterance in utterances {
            n += 1;
            words += utterance.split_whitespace().count();
        }
        let enough = n >= self.args.min_utterances;
        if enough {
            self.counts.dialogues += 1;
            self.counts.utterances += n;
            self.counts.words += words;
        } else {
            self.counts.short += 1;
        }
        enough
    }

    fn count_session(&mut self, session: &Session) -> bool {
        self.count(session.messages.iter().map(|m| m.content.as_str()))
    }

    fn corpus(self, group: Group, persons_in_all: usize, persons: Vec<Person>) -> Corpus {
        let Counts { dialogues, short, utterances, words } = self.counts;
        Corpus {
            split: None,
            view: None,
            group,
            dialogues,
            short,
            incomplete: None,
            utterances,
            words,
            persons_in_all,
            persons,
            records: self.records,
        }
    }

    /// The number of sentences that the profiles of a person share; `None` if
    /// they are equal.
    fn shared(&self) -> Result<Option<usize>, BoxError> {
        match self.args.group {
            None => Ok(Some(convai2::SHARED_SENTENCES)),
            Some(Group::Shared(n)) => Ok(Some(n)),
            Some(Group::Exact) => Ok(None),
            Some(group @ (Group::Id | Group::Character)) => {
                let corpus = self.args.corpus.name();
                Err(format!("`--group {group}`: {corpus} does not name its persons").into())
            }
        }
    }

    /// The corpus of sessions with profiles.
    fn by_profile(
        self,
        sessions: Vec<Session>,
        shared: Option<usize>,
        profiles: Profiles,
    ) -> Result<Corpus, BoxError> {
        let group = shared.map_or(Group::Exact, Group::Shared);
        let persons = profiles.group(sessions)?;
        Ok(self.corpus(group, profiles.len(), persons))
    }

    /// That the persons are the characters.
    fn characters_only(&self) -> Result<(), BoxError> {
        match self.args.group {
            None | Some(Group::Character) => Ok(()),
            Some(group) => {
                let corpus = self.args.corpus.name();
                Err(format!("`--group {group}`: {corpus} has characters (`--group character`)")
                    .into())
            }
        }
    }

    /// The folder given, or the one of this name among the data.
    fn folder(&self) -> PathBuf {
        self.args.data.clone().unwrap_or_else(|| data_dir().join(self.args.corpus.name()))
    }

    /// The file given, or stdin, and its name.
    fn file(&self) -> Result<(Box<dyn BufRead>, String), BoxError> {
        let Some(data) = &self.args.data else {
            let corpus = self.args.corpus.name();
            return Err(format!(
                "`--corpus {corpus}`: expected `--data FILE`, or `--data -` for stdin"
            )
            .into());
        };
        if data.as_os_str() == "-" {
            return Ok((Box::new(io::stdin().lock()), String::from("stdin")));
        }
        let file = data.display().to_string();
        match File::open(data) {
            Ok(opened) => Ok((Box::new(BufReader::with_capacity(1 << 16, opened)), file)),
            Err(source) => Err(Error::Open { file, source }.into()),
        }
    }

    fn convai2(mut self) -> Result<Corpus, BoxError> {
        let data = self.folder();
        let file = if data.is_dir() { data.join(convai2::DIALOGUES) } else { data };
        let split = self.args.split.as_deref().unwrap_or("train");
        let view = self.args.view.unwrap_or(View::Both);
        let shared = self.shared()?;
        let mut sessions = Vec::new();
        self.each(convai2::open(&file)?, |this, dialogue| {
            if dialogue.split == split && this.count(dialogue.utterances.iter().map(String::as_str))
            {
                sessions.push(dialogue.session(Speaker::B));
                if view == View::Both {
                    sessions.push(dialogue.session(Speaker::A));
                }
            }
        })?;
        not_empty(&sessions, &file, split)?;
        let dir = file.parent().unwrap_or(Path::new(""));
        let profiles = match shared {
            Some(n) => convai2::who_is_who(dir, split, n, &sessions)?,
            None => Profiles::exact(sessions.iter().map(|s| &s.profile)),
        };
        let corpus = self.by_profile(sessions, shared, profiles)?;
        Ok(Corpus { split: Some(split.to_owned()), view: Some(view), ..corpus })
    }

    fn parlai(mut self) -> Result<Corpus, BoxError> {
        let shared = self.shared()?;
        let (reader, file) = self.file()?;
        let name = Path::new(&file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut sessions = Vec::new();
        self.each(parlai::read(reader, file), |this, episode| {
            let session = episode.session(&name);
            if this.count_session(&session) {
                sessions.push(session);
            }
        })?;
        self.with_profiles(sessions, shared)
    }

    fn dpoc(mut self) -> Result<Corpus, BoxError> {
        let shared = self.shared()?;
        let (reader, file) = self.file()?;
        let mut examples = Vec::new();
        self.each(dpoc::read(reader, file), |_, example| examples.push(example))?;
        // Rows go on from each other: as sessions they would hold each other's
        // replies.
        let mut sessions = dpoc::sessions(&examples);
        sessions.retain(|session| self.count_session(session));
        self.with_profiles(sessions, shared)
    }

    /// The corpus of sessions whose profiles are all there are.
    fn with_profiles(
        self,
        sessions: Vec<Session>,
        shared: Option<usize>,
    ) -> Result<Corpus, BoxError> {
        let each = sessions.iter().map(|session| &session.profile);
        let profiles = match shared {
            Some(n) => Profiles::shared(each, n)?,
            None => Profiles::exact(each),
        };
        self.by_profile(sessions, shared, profiles)
    }

    fn cornell(mut self) -> Result<Corpus, BoxError> {
        self.characters_only()?;
        let folder = self.folder();
        let split = self.args.split.as_deref().unwrap_or("train");
        let test_movies = match split {
            "all" => HashSet::new(),
            "train" | "test" => cornell::test_movies(folder.join(TEST_MOVIES))?,
            other => {
                return Err(format!("`--split {other}`: expected train, test or all").into());
            }
        };
        let wanted =
            |movie: &str| split == "all" || test_movies.contains(movie) == (split == "test");
        let lines = match folder.join(PARTIAL_LINES) {
            partial if partial.is_file() => partial,
            _ => folder.join(cornell::LINES),
        };
        let encoding = self.args.encoding.map_or_else(Default::default, Into::into);
        let mut script = cornell::Script::default();
        self.each(cornell::open_script(lines)?.encoding(encoding), |_, line| script.insert(&line))?;

        let file = folder.join(cornell::CONVERSATIONS);
        let mut incomplete = 0;
        // They are known to be there, and wrong in no other way.
        let dialogues = cornell::open(&file, &script)?.filter(|dialogue| {
            let lacks_lines = matches!(dialogue, Err(Error::Incomplete { .. }));
            incomplete += usize::from(lacks_lines);
            !lacks_lines
        });
        let mut sessions = Vec::new();
        self.each(dialogues, |this, dialogue| {
            let said = dialogue.utterances.iter().map(|(_, text)| text.as_str());
            if wanted(&dialogue.movie) && this.count(said) {
                sessions.extend(dialogue.views());
            }
        })?;
        not_empty(&sessions, &file, split)?;
        let persons = grouping::by_id(sessions);
        let characters = folder.join(cornell::CHARACTERS);
        let in_all = if characters.is_file() {
            cornell::characters(characters)?.iter().filter(|c| wanted(&c.movie)).count()
        } else {
            persons.len()
        };
        let corpus = self.corpus(Group::Character, in_all, persons);
        Ok(Corpus { split: Some(split.to_owned()), incomplete: Some(incomplete), ..corpus })
    }

    fn light(mut self) -> Result<Corpus, BoxError> {
        self.characters_only()?;
        let view = self.args.view.unwrap_or(View::SelfOnly);
        let data = self.folder();
        let (files, worlds) = if data.is_dir() {
            let mut files = with_ending(&data, "yml")?;
            if files.is_empty() && data.join(LIGHT_SAMPLES).is_dir() {
                files = with_ending(&data.join(LIGHT_SAMPLES), "yml")?;
            }
            (files, with_ending(&data, "json")?)
        } else {
            (vec![data.clone()], Vec::new())
        };
        if files.is_empty() {
            return Err(
                format!("{}: expected files of ending .yml, found none", data.display()).into()
            );
        }
        let mut sessions = Vec::new();
        for file in files {
            self.each(light::open(file)?, |this, dialogue| {
                if this.count(dialogue.turns.iter().map(|turn| turn.text.as_str())) {
                    let views = if view == View::Both { 2 } else { 1 };
                    sessions.extend(dialogue.views().take(views));
                }
            })?;
        }
        let persons = grouping::by_character(sessions);
        let mut everybody: HashSet<String> = persons.iter().map(|p| p.id.clone()).collect();
        for world in worlds {
            let residents = light::residents(world)?;
            everybody
                .extend(residents.iter().flat_map(light::Resident::characters).map(|c| c.id()));
        }
        let corpus = self.corpus(Group::Character, everybody.len(), persons);
        Ok(Corpus { view: Some(view), ..corpus })
    }

    fn jsonl(mut self) -> Result<Corpus, BoxError> {
        let group = self.args.group.unwrap_or(Group::Id);
        let (reader, file) = self.file()?;
        let chats = chat::read(reader, file);
        let mut sessions = Vec::new();
        let mut take = |this: &mut Self, person: Option<String>, session: Session| {
            if this.count_session(&session) {
                sessions.push((person.unwrap_or_default(), session));
            }
        };
        match group {
            Group::Character => return Err("`--group character`: jsonl has persons".into()),
            Group::Id => {
                self.each(chats.named(), |this, (person, session)| {
                    take(this, Some(person), session);
                })?;
            }
            Group::Exact | Group::Shared(_) => {
                self.each(chats, |this, Chat { person, session }| take(this, person, session))?;
            }
        }
        let shared = match group {
            Group::Shared(n) => Some(n),
            Group::Exact => None,
            Group::Id | Group::Character => {
                let persons = grouping::by_id(sessions);
                return Ok(self.corpus(group, persons.len(), persons));
            }
        };
        self.with_profiles(sessions.into_iter().map(|(_, session)| session).collect(), shared)
    }

    fn embedded(mut self) -> Result<Corpus, BoxError> {
        if self.args.data.is_some() {
            return Err("`--data` does not go with `--corpus embedded`".into());
        }
        match self.args.group {
            None | Some(Group::Id) => {}
            Some(group) => {
                return Err(format!("`--group {group}`: embedded has no profiles").into());
            }
        }
        let mut persons: Vec<Person> = embedded()?.iter().map(|e| e.person.clone()).collect();
        for person in &mut persons {
            person.sessions.retain(|session| self.count_session(session));
        }
        Ok(self.corpus(Group::Id, persons.len(), persons))
    }
}

fn not_empty<T>(sessions: &[T], file: &Path, split: &str) -> Result<(), Error> {
    if sessions.is_empty() {
        let (file, split) = (file.display().to_string(), split.to_owned());
        return Err(Error::EmptySplit { file, split });
    }
    Ok(())
}

/// The files of a folder whose names end so, sorted.
fn with_ending(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Open { file: folder.display().to_string(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension() == Some(OsStr::new(ending)) {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}
