//! How far apart two conversations are, and which line was taken for which.

use idl_conved::{ConvEd, Edit, SessionView};
use idl_dialogue::{BoxError, SentenceEncoder};
use idl_encoder::TfIdfEncoder;

// Roles are numbers: a line is only ever taken for one of the same speaker.
const USER: u8 = 0;
const ASSISTANT: u8 = 1;

const MONDAY: [(u8, &str); 4] = [
    (USER, "do you have any pets ?"),
    (ASSISTANT, "two dogs . they love the lake ."),
    (USER, "what do you do for work ?"),
    (ASSISTANT, "i bake bread in a small bakery ."),
];

const FRIDAY: [(u8, &str); 5] = [
    (USER, "lovely weather !"),
    (USER, "any pets ?"),
    (ASSISTANT, "two dogs , asleep after a swim in the lake ."),
    (USER, "and what do you do for work ?"),
    (ASSISTANT, "i bake bread , early in the morning ."),
];

fn main() -> Result<(), BoxError> {
    // One vector for each line. This encoder knows words; one that knows meaning
    // (`idl_encoder::SentenceTransformer`) goes here as well.
    let encoder = TfIdfEncoder::english();
    let (monday_roles, monday_lines): (Vec<u8>, Vec<&str>) = MONDAY.into_iter().unzip();
    let (friday_roles, friday_lines): (Vec<u8>, Vec<&str>) = FRIDAY.into_iter().unzip();
    let monday_vectors = encoder.encode(&monday_lines)?;
    let friday_vectors = encoder.encode(&friday_lines)?;
    let monday = SessionView::new(&monday_roles, monday_vectors.view())?;
    let friday = SessionView::new(&friday_roles, friday_vectors.view())?;

    // The paper's lambda of 5 substitutes only what has a cosine above 0.6, which
    // sentence encoders give and bags of words seldom do.
    let conved = ConvEd::params().lambda(1.5).check()?;
    let alignment = conved.alignment(&monday, &friday)?;
    for edit in &alignment.edits {
        let (from, to) = match *edit {
            Edit::Substitute { a, b, .. } => (MONDAY[a].1, FRIDAY[b].1),
            Edit::Delete { a, .. } => (MONDAY[a].1, "-"),
            Edit::Insert { b, .. } => ("-", FRIDAY[b].1),
        };
        println!("{:5.2}  {from:<34}{to}", edit.cost());
    }
    println!("{:5.2}  the distance, {} edits", alignment.distance, alignment.edits.len());

    // Unlike sessions of other lengths are far apart for their lengths alone; the
    // normalised distance is per line.
    let normalized = ConvEd::params().lambda(1.5).normalize(true).check()?;
    println!("{:5.2}  per line", normalized.distance(&monday, &friday)?);
    Ok(())
}
