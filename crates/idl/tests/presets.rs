//! A preset means the same whether all targets are planned at once or each is
//! looked at with what may be seen of it: one session of a cluster is learnt
//! where it says so.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeSet;

use idl::cluster::{Method, SpiParams, TargetRule};
use idl::corpora::embedded;
use idl::dialogue::{BoxError, Person, Session, SessionDistance};
use idl::encoder::TfIdfEncoder;
use idl::order::Policy;
use idl::persona_ext::RuleExtractor;
use idl::{PersonIndex, Pipeline, Rule};
use ndarray::Array2;

/// Orders are no matter here.
struct Unordered;

impl SessionDistance for Unordered {
    fn pairwise(&self, sessions: &[&Session]) -> Result<Array2<f64>, BoxError> {
        Ok(Array2::zeros((sessions.len(), sessions.len())))
    }
}

fn persons() -> Vec<Person> {
    embedded().unwrap().iter().map(|e| e.person.clone()).collect()
}

/// What each person's sessions give: the targets of one plan of all, and those
/// for which references are found one by one, with the clusters of either.
struct Targets {
    planned: BTreeSet<usize>,
    one_by_one: BTreeSet<usize>,
    /// Of the plan.
    clusters: Vec<Option<usize>>,
}

fn targets(spi: &SpiParams) -> Vec<Targets> {
    // Fewer beginnings than the presets have: what is compared is the rules.
    let spi =
        &spi.clone().method(Method::Kmeans { n_runs: 3, max_iterations: 300, tolerance: 1e-4 });
    let persons = persons();
    let said = persons.iter().flat_map(|p| &p.sessions).flat_map(|s| &s.messages);
    let encoder = TfIdfEncoder::default().fit(said.map(|m| m.content.as_str()));
    let pipeline = Pipeline {
        encoder: &encoder,
        extractor: &RuleExtractor::default(),
        rule: Rule::Clusters(spi),
        distance: &Unordered,
        policy: Policy::Original,
        references: 5,
    };
    let of = |person: &Person| {
        let index: PersonIndex<'_> = pipeline.index(person).unwrap();
        let plan = spi.plan(index.embeddings.view()).unwrap();
        let found = |&session: &usize| {
            let messages = &person.sessions[session].messages;
            let start = person.sessions[session].replies().next().unwrap();
            let rest: Vec<usize> = (0..index.len()).collect();
            let selection =
                pipeline.select_for_training(&index, &rest, session, &messages[..start]);
            selection.unwrap().is_some()
        };
        Targets {
            planned: plan.entries.iter().map(|entry| entry.target).collect(),
            one_by_one: (0..index.len()).filter(found).collect(),
            clusters: plan.clusters,
        }
    };
    persons.iter().map(of).collect()
}

fn sum(all: &[Targets], of: impl Fn(&Targets) -> usize) -> usize {
    all.iter().map(of).sum()
}

#[test]
fn one_session_of_a_cluster_is_learnt() {
    for spi in [SpiParams::paper(), SpiParams::released(), SpiParams::paper().seed(7)] {
        let all = targets(&spi);
        let (planned, found) = (sum(&all, |t| t.planned.len()), sum(&all, |t| t.one_by_one.len()));
        assert!(planned > 50 && 10 * found > 8 * planned, "{found} of {planned}, {spi:?}");
        for Targets { planned, one_by_one, clusters } in &all {
            // What a session has said before its first reply may leave it alone,
            // but makes no other session the target.
            assert!(one_by_one.is_subset(planned), "{one_by_one:?} of {planned:?}, {spi:?}");
            let learnt: Vec<_> = one_by_one.iter().map(|&t| clusters[t].unwrap()).collect();
            let distinct: BTreeSet<_> = learnt.iter().collect();
            assert_eq!(distinct.len(), learnt.len(), "two of a cluster: {learnt:?}, {spi:?}");
        }
    }
}

#[test]
fn every_session_in_turn_is_learnt() {
    let all = targets(&SpiParams::default());
    for Targets { planned, one_by_one, clusters } in &all {
        assert_eq!((one_by_one, one_by_one.len()), (planned, clusters.len()));
    }
}

#[test]
fn the_last_is_the_last_of_whole_sessions() {
    for targets in targets(&SpiParams::released()) {
        for &t in &targets.one_by_one {
            let cluster = targets.clusters[t];
            let last = targets.clusters.iter().rposition(|&c| c == cluster);
            assert_eq!(last, Some(t));
        }
    }
    // The rule and not the preset is what counts.
    let spi = SpiParams::default().targets(TargetRule::Last);
    let all = targets(&spi);
    assert!(sum(&all, |t| t.one_by_one.len()) <= sum(&all, |t| t.planned.len()));
}
