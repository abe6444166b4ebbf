//! Which of a person's sessions belong together: clusters by what the sessions say
//! about the person, and for each session the references it is learnt behind.

use idl_cluster::{ClusterCount, SpiParams};
use idl_dialogue::{BoxError, PersonaExtractor, SentenceEncoder};
use idl_encoder::TfIdfEncoder;
use idl_persona_ext::RuleExtractor;

/// What the person says in each session. Half of it tells nothing of them.
const SESSIONS: [[&str; 2]; 8] = [
    ["hello , nice to meet you .", "i have two dogs , they love the lake ."],
    ["sorry , i was away .", "i work as a baker , i bake bread at night ."],
    ["my dogs bark at the postman .", "it has been raining all day ."],
    ["i play the banjo in a band .", "that sounds fun !"],
    ["good evening !", "i love my bread warm , i am a baker after all ."],
    ["i love the lake , my dogs swim there .", "how was your weekend ?"],
    ["oh , really ?", "my band plays on friday , i play banjo and guitar ."],
    ["i bake four hundred bread rolls a night .", "yes , i do ."],
];

fn main() -> Result<(), BoxError> {
    // A session is represented by the utterances that hold a fact: what the weather was
    // like makes no two sessions alike. Of whole sessions, `persona_text` gives these.
    let rules = RuleExtractor::default();
    let mut texts = Vec::new();
    for said in &SESSIONS {
        let facts = rules.extract(said)?;
        let telling = said.iter().zip(&facts).filter(|(_, facts)| !facts.is_empty());
        texts.push(telling.map(|(said, _)| *said).collect::<Vec<_>>().join("\n"));
    }
    let lines: Vec<&str> = texts.iter().map(String::as_str).collect();
    let embeddings = TfIdfEncoder::english().encode(&lines)?;

    // At most three clusters, in which every session is a target in turn. The rules of
    // the paper and of its code are `SpiParams::paper()` and `released()`.
    let params = SpiParams::default().cluster_count(ClusterCount::Maximum).max_clusters(3).seed(7);
    let plan = params.plan(embeddings.view())?;
    for cluster in 0..3 {
        println!("cluster {cluster}");
        for entry in plan.entries.iter().filter(|entry| entry.cluster == cluster) {
            let references: Vec<String> = entry
                .references
                .iter()
                .map(|reference| format!("{} ({:.2})", reference.session, reference.distance))
                .collect();
            println!("  {}  {}", entry.target, lines[entry.target]);
            println!("     learnt behind {}, nearest first", references.join(", "));
        }
    }
    for skip in &plan.skipped {
        println!("session {} is no target: {:?}", skip.session, skip.reason);
    }
    Ok(())
}
