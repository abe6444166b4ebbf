//! What tells doubles, and what tells damage.

use sha2::{Digest, Sha256};

use crate::record::Record;

/// SHA-256.
pub(crate) type Sum = [u8; 32];

/// Fields one behind the other, each with its length before it, so that no two
/// records give the same bytes.
struct Fields(Sha256);

impl Fields {
    fn put(&mut self, field: &[u8]) {
        self.0.update((field.len() as u64).to_le_bytes());
        self.0.update(field);
    }

    fn count(&mut self, n: usize) {
        self.0.update((n as u64).to_le_bytes());
    }

    fn sum(self) -> Sum {
        self.0.finalize().into()
    }
}

/// Of what was said, and when: equal for doubles.
pub(crate) fn said(record: &Record) -> Sum {
    let mut fields = Fields(Sha256::new());
    match record.time {
        None => fields.put(&[]),
        Some(time) => fields.put(&time.to_le_bytes()),
    }
    for message in &record.messages {
        fields.put(message.role.as_str().as_bytes());
        fields.put(message.content.as_bytes());
    }
    fields.sum()
}

/// Of everything about a session of a person; `said` and `vectors` as they are
/// stored.
pub(crate) fn checksum(person: &str, record: &Record, said: &[u8], vectors: &[u8]) -> Sum {
    let mut fields = Fields(Sha256::new());
    for field in [person, &record.id, &record.persona] {
        fields.put(field.as_bytes());
    }
    fields.put(said);
    fields.count(record.facts.len());
    for fact in &record.facts {
        for part in [&fact.subject, &fact.relation, &fact.object] {
            fields.put(part.as_bytes());
        }
    }
    if let Some(embeddings) = &record.embeddings {
        fields.put(embeddings.encoder().as_bytes());
        fields.count(embeddings.dim());
        fields.put(vectors);
    }
    fields.sum()
}
