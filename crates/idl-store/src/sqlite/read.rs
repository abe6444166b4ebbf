//! Sessions from rows, verified.

use idl_dialogue::{Role, Triple, Utterance};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Statement};

use crate::digest;
use crate::embeddings::Embeddings;
use crate::error::{Error, Result};
use crate::record::Record;

/// Columns of a session itself, for [`Reader::read`].
macro_rules! heads {
    ($rest:literal) => {
        concat!("SELECT id, name, time, persona, said, checksum FROM sessions ", $rest)
    };
}

/// Sessions of the person of row ?1.
pub(super) const ALL: &str = heads!("WHERE person = ?1 ORDER BY id");

/// The session of row ?1.
pub(super) const ONE: &str = heads!("WHERE id = ?1");

/// What belongs to a session, by its row.
pub(super) struct Reader<'c> {
    messages: Statement<'c>,
    facts: Statement<'c>,
    vectors: Statement<'c>,
}

impl<'c> Reader<'c> {
    pub(super) fn new(conn: &'c Connection) -> Result<Self> {
        let messages = "SELECT role, content FROM messages WHERE session = ?1 ORDER BY place";
        let facts = "SELECT subject, relation, object FROM facts WHERE session = ?1 ORDER BY place";
        let vectors = "SELECT encoder, dim, data FROM vectors WHERE session = ?1";
        Ok(Reader {
            messages: conn.prepare(messages)?,
            facts: conn.prepare(facts)?,
            vectors: conn.prepare(vectors)?,
        })
    }

    /// The session of a row of `heads!`, if it is what was stored.
    pub(super) fn read(&mut self, person: &str, head: &Row<'_>) -> Result<Record> {
        let damaged = |problem: String| Error::Damaged {
            person: person.to_owned(),
            session: name(head),
            problem,
        };
        match self.parse(person, head) {
            Ok(Some(record)) => Ok(record),
            Ok(None) => Err(damaged("its checksum is another".to_owned())),
            Err(Error::Corrupt { problem, .. }) => Err(damaged(problem)),
            Err(error) => Err(error),
        }
    }

    /// `None` where a sum is wrong.
    fn parse(&mut self, person: &str, head: &Row<'_>) -> Result<Option<Record>> {
        let id: i64 = head.get(0)?;
        let mut record = Record {
            id: head.get(1)?,
            time: head.get(2)?,
            persona: head.get(3)?,
            ..Record::default()
        };
        let mut rows = self.messages.query([id])?;
        while let Some(row) = rows.next()? {
            let Some(role) = role(row.get_ref(0)?) else { return Ok(None) };
            record.messages.push(Utterance { role, content: row.get(1)? });
        }
        let mut rows = self.facts.query([id])?;
        while let Some(row) = rows.next()? {
            let fact = Triple { subject: row.get(0)?, relation: row.get(1)?, object: row.get(2)? };
            record.facts.push(fact);
        }
        // The bytes that are hashed are those of the row.
        let mut bytes = Vec::new();
        let mut rows = self.vectors.query([id])?;
        if let Some(row) = rows.next()? {
            bytes = row.get(2)?;
            let Ok(dim) = usize::try_from(row.get::<_, i64>(1)?) else { return Ok(None) };
            let read = Embeddings::from_bytes(row.get(0)?, dim, &bytes);
            let Some(embeddings) = read else { return Ok(None) };
            record.embeddings = Some(embeddings);
        }
        let said = digest::said(&record);
        let whole = head.get_ref(4)? == ValueRef::Blob(&said)
            && head.get_ref(5)?
                == ValueRef::Blob(&digest::checksum(person, &record, &said, &bytes));
        Ok(whole.then_some(record))
    }
}

fn role(value: ValueRef<'_>) -> Option<Role> {
    let of = |role: Role| value == ValueRef::Text(role.as_str().as_bytes());
    [Role::System, Role::User, Role::Assistant].into_iter().find(|&role| of(role))
}

/// What a session is called, as far as that can be read.
fn name(head: &Row<'_>) -> String {
    match head.get_ref(1) {
        Ok(ValueRef::Text(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => "?".to_owned(),
    }
}
