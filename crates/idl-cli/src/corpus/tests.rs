use std::fs;

use clap::Parser;

use super::*;
use crate::cli::one_line;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    corpus: CorpusArgs,
}

fn load(arguments: &str) -> Result<Corpus, BoxError> {
    let arguments = std::iter::once("program").chain(arguments.split_whitespace());
    Program::try_parse_from(arguments)?.corpus.load()
}

fn complaint(arguments: &str) -> String {
    one_line(load(arguments).unwrap_err().as_ref())
}

#[test]
fn the_embedded_people() {
    let corpus = load("--corpus embedded").unwrap();
    assert_eq!(corpus.persons.len(), 24);
    assert_eq!(corpus.persons_in_all, 24);
    let sessions: usize = corpus.persons.iter().map(|p| p.sessions.len()).sum();
    assert_eq!(corpus.dialogues, sessions);
    assert!(corpus.words > 5 * corpus.utterances);
    let long = load("--corpus embedded --min-utterances 9").unwrap();
    assert!(long.short > 0);
    assert_eq!(long.dialogues + long.short, corpus.dialogues);
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    for (arguments, expected) in [
        ("--corpus embedded --split train", "`--split` does not go with `--corpus embedded`"),
        ("--corpus cornell --view self", "`--view` does not go with `--corpus cornell`"),
        ("--corpus light --encoding utf-8", "`--encoding` does not go with `--corpus light`"),
        ("--corpus jsonl", "`--corpus jsonl`: expected `--data FILE`, or `--data -` for stdin"),
        ("--corpus parlai", "`--corpus parlai`: expected `--data FILE`, or `--data -` for stdin"),
        (
            "--corpus convai2 --data no/where --group id",
            "`--group id`: convai2 does not name its persons",
        ),
        (
            "--corpus cornell --data no/where --group exact",
            "`--group exact`: cornell has characters (`--group character`)",
        ),
        ("--corpus cornell --split valid", "`--split valid`: expected train, test or all"),
        ("--corpus embedded --group shared:2", "`--group shared:2`: embedded has no profiles"),
    ] {
        assert_eq!(complaint(arguments), expected, "{arguments}");
    }
    for group in ["shared:0", "shared:", "shared", "Exact"] {
        assert!(group.parse::<Group>().is_err(), "{group}");
    }
    for group in [Group::Exact, Group::Shared(3), Group::Character, Group::Id] {
        assert_eq!(group.to_string().parse(), Ok(group));
    }
}

#[test]
fn missing_files_are_named() {
    for corpus in ["convai2", "parlai", "light", "dpoc", "jsonl"] {
        let complaint = complaint(&format!("--corpus {corpus} --data no/where"));
        assert!(complaint.starts_with("no/where: cannot be opened: "), "{complaint}");
    }
    let complaint = complaint("--corpus cornell --data no/where");
    assert!(complaint.starts_with("no/where/test_movies.json: cannot be opened: "), "{complaint}");
}

#[test]
fn a_folder_of_films() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write(
        "movie_lines.txt",
        "L1 +++$+++ u1 +++$+++ m0 +++$+++ ADA +++$+++ Is there tea?\n\
         L2 +++$+++ u2 +++$+++ m0 +++$+++ BO +++$+++ Yes.\n\
         L3 +++$+++ u3 +++$+++ m1 +++$+++ CY +++$+++ Hi.\n",
    );
    write(
        "movie_conversations.txt",
        "u1 +++$+++ u2 +++$+++ m0 +++$+++ ['L1', 'L2']\n\
         u3 +++$+++ u4 +++$+++ m1 +++$+++ ['L3']\n\
         u3 +++$+++ u4 +++$+++ m1 +++$+++ ['L4', 'L5']\n",
    );
    write("test_movies.json", "[\"m1\"]");
    let of = |options: &str| {
        load(&format!("--corpus cornell --data {} {options}", dir.path().display())).unwrap()
    };
    let train = of("");
    assert_eq!((train.dialogues, train.utterances, train.words), (1, 2, 4));
    assert_eq!((train.incomplete, train.persons.len()), (Some(1), 2));
    assert_eq!(of("--split test").persons[0].id, "u3");
    assert_eq!(of("--split all").dialogues, 2);
    assert_eq!(of("--split all --min-utterances 2").short, 1);

    write("movie_conversations.txt", "u1 +++$+++ u2 +++$+++ m0 +++$+++ ['L1', 'L2']\nu1\n");
    assert!(
        complaint(&format!("--corpus cornell --data {}", dir.path().display()))
            .contains("movie_conversations.txt:2: field `characterID2`: expected a value")
    );
    let records = of("--lenient").records;
    assert_eq!((records.read, records.kept, records.skipped), (5, 4, 1));
}
