//! Which sessions fell together and why, for people to read (Markdown).

use std::collections::{BTreeMap, BTreeSet};

use idl_dialogue::{Person, Role};

use super::find::Found;

/// How many words a cluster is described by.
const WORDS: usize = 8;

/// Words that are in objects and say nothing.
#[rustfmt::skip]
const EMPTY: &[&str] = &[
    "the", "and", "for", "with", "from", "some", "lot", "lots", "much", "more", "very", "all",
    "any", "one", "two", "out", "not", "you", "your", "his", "her", "their", "our", "that", "this",
    "to", "of", "in", "on", "at", "my", "a", "an", "i", "it", "so", "too", "as", "up", "be", "do",
];

/// Tells of `count` persons, from the clearest clusters to the least clear.
pub(crate) fn text(persons: &[Person], found: &[Found], count: usize) -> String {
    let mut text = String::from("# Which sessions fell together, and why\n");
    for person in chosen(found, count) {
        text.push_str(&of_person(&persons[person], &found[person]));
    }
    text
}

/// Persons at even steps along their silhouettes, the highest first; those with
/// one cluster have none and come last.
fn chosen(found: &[Found], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..found.len()).collect();
    let clear = |&i: &usize| found[i].line.silhouette.unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|a, b| clear(b).total_cmp(&clear(a)));
    if count >= order.len() {
        return order;
    }
    let last = order.len() - 1;
    (0..count).map(|i| order[i * last / (count - 1).max(1)]).collect()
}

fn of_person(person: &Person, found: &Found) -> String {
    let line = &found.line;
    let number = |x: Option<f64>| x.map_or_else(|| "none".to_owned(), |x| format!("{x:.2}"));
    let mut text = format!(
        "\n## {}: {} sessions, {} clusters\n\nSilhouette {}; mean cosine {} within clusters, {} \
         between them.\n",
        person.id,
        line.sessions.len(),
        line.clusters,
        number(line.silhouette),
        number(line.within),
        number(line.between),
    );
    for cluster in 0..line.clusters {
        let in_cluster = |&i: &usize| line.sessions[i].cluster == Some(cluster);
        let (members, others): (Vec<usize>, Vec<usize>) =
            (0..line.sessions.len()).partition(in_cluster);
        text.push_str(&of_cluster(person, found, cluster, &members, &others));
    }
    let nowhere: Vec<&str> =
        line.sessions.iter().filter(|s| s.cluster.is_none()).map(|s| s.id.as_str()).collect();
    if !nowhere.is_empty() {
        text.push_str(&format!("\nIn no cluster: {}.\n", nowhere.join(", ")));
    }
    text
}

fn of_cluster(
    person: &Person,
    found: &Found,
    cluster: usize,
    members: &[usize],
    others: &[usize],
) -> String {
    let mut text = format!("\n### Cluster {cluster}: {} sessions\n\n", members.len());
    let shared = shared(found, members, others);
    if shared.is_empty() {
        text.push_str("No object is in more of its sessions than of the others.\n");
    } else {
        let words = shared.iter().map(|(word, here, there)| {
            format!("{word} ({here} of {}, elsewhere {there} of {})", members.len(), others.len())
        });
        text.push_str(&format!("Shared objects: {}.\n", words.collect::<Vec<_>>().join(", ")));
    }
    let pairs = members.iter().flat_map(|&a| {
        members.iter().filter(move |&&b| a < b).map(move |&b| (found.cosines[[a, b]], a, b))
    });
    if let Some((cosine, a, b)) = pairs.max_by(|x, y| x.0.total_cmp(&y.0)) {
        let (x, y) = (words(found, a), words(found, b));
        let both: Vec<&str> = x.intersection(&y).map(String::as_str).collect();
        let both = if both.is_empty() { "no object".to_owned() } else { both.join(", ") };
        let id = |i: usize| &found.line.sessions[i].id;
        text.push_str(&format!(
            "Nearest pair: {} and {}, cosine {cosine:.2}, with {both} in common.\n",
            id(a),
            id(b)
        ));
    }
    text.push('\n');
    for &member in members {
        text.push_str(&of_session(person, found, member, members, others));
    }
    text
}

fn of_session(
    person: &Person,
    found: &Found,
    session: usize,
    members: &[usize],
    others: &[usize],
) -> String {
    let mean = |with: &[usize]| {
        let cosines: Vec<f64> = with
            .iter()
            .filter(|&&other| other != session)
            .map(|&other| found.cosines[[session, other]])
            .collect();
        match cosines.len() {
            0 => "none".to_owned(),
            n => format!("{:.2}", cosines.iter().sum::<f64>() / n as f64),
        }
    };
    let mut text = format!(
        "* {}: mean cosine {} to its cluster, {} to the rest\n",
        found.line.sessions[session].id,
        mean(members),
        mean(others)
    );
    let triples: Vec<String> = found.triples[session].iter().map(ToString::to_string).collect();
    if triples.is_empty() {
        let said: Vec<&str> = person.sessions[session].said_by(Role::Assistant).collect();
        text.push_str("  nothing extracted, so all that is said stands for it:\n");
        text.push_str(&quoted(&said));
    } else {
        text.push_str(&format!("  `{}`\n", triples.join(" ")));
        let said: Vec<&str> = found.intensive[session].iter().map(String::as_str).collect();
        text.push_str(&quoted(&said));
    }
    text
}

fn quoted(said: &[&str]) -> String {
    said.iter().map(|line| format!("  > {}\n", line.replace('\n', " "))).collect()
}

/// The words of a session's objects that say something.
fn words(found: &Found, session: usize) -> BTreeSet<String> {
    let objects = found.triples[session].iter().map(|triple| triple.object.to_lowercase());
    objects
        .flat_map(|object| {
            let words = object.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
            words.collect::<Vec<_>>()
        })
        .filter(|word| word.len() > 1 && !EMPTY.contains(&word.as_str()))
        .collect()
}

/// The words of objects that are in two or more sessions of a cluster and in a
/// greater share of them than of the others, with both counts; the most telling
/// first.
fn shared(found: &Found, members: &[usize], others: &[usize]) -> Vec<(String, usize, usize)> {
    let count = |sessions: &[usize]| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for word in sessions.iter().flat_map(|&session| words(found, session)) {
            *counts.entry(word).or_default() += 1;
        }
        counts
    };
    let (here, there) = (count(members), count(others));
    let share = |n: usize, of: &[usize]| n as f64 / of.len().max(1) as f64;
    let mut shared: Vec<(f64, String, usize, usize)> = here
        .into_iter()
        .map(|(word, n)| {
            let elsewhere = there.get(&word).copied().unwrap_or(0);
            (share(n, members) - share(elsewhere, others), word, n, elsewhere)
        })
        .filter(|&(more, _, n, _)| n >= 2 && more > 0.0)
        .collect();
    // Equal ones stay in the order of the alphabet.
    shared.sort_by(|a, b| b.0.total_cmp(&a.0));
    shared.into_iter().take(WORDS).map(|(_, word, here, there)| (word, here, there)).collect()
}
