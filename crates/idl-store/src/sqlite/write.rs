//! Sessions to rows. Everything here happens inside a transaction.

use rusqlite::{Connection, params};

use crate::digest;
use crate::embeddings::Embeddings;
use crate::error::{Error, Result};
use crate::record::Record;
use crate::store::{OnConflict, Outcome};

use super::find::{self, Found};
use super::read::{ONE, Reader};

/// A person, and how sessions are added to them.
pub(super) struct Writer<'c> {
    conn: &'c Connection,
    person: &'c str,
    row: i64,
}

impl<'c> Writer<'c> {
    pub(super) fn new(conn: &'c Connection, person: &'c str) -> Result<Self> {
        conn.execute("INSERT INTO persons (name) VALUES (?1) ON CONFLICT DO NOTHING", [person])?;
        let row =
            conn.query_row("SELECT id FROM persons WHERE name = ?1", [person], |r| r.get(0))?;
        Ok(Writer { conn, person, row })
    }

    pub(super) fn add(&self, record: &Record, on_conflict: OnConflict) -> Result<Outcome> {
        let said = digest::said(record);
        let stored = find::session(self.conn, self.row, &record.id)?;
        let other = find::alike(self.conn, self.row, &said)?
            .map(|found| found.name)
            .filter(|name| *name != record.id);
        let (person, session) = (self.person.to_owned(), record.id.clone());
        match (stored, other, on_conflict) {
            (None, None, _) => {
                let insert = "INSERT INTO sessions (person, name, time, persona, said, checksum) \
                              VALUES (?1, ?2, NULL, '', ?3, x'')";
                self.conn.execute(insert, params![self.row, record.id, said])?;
                self.write(self.conn.last_insert_rowid(), record, &said)?;
                Ok(Outcome::Added)
            }
            (None, Some(other), _) => Ok(Outcome::SameAs(other)),
            (Some(is), _, OnConflict::Refuse) if is.said == said => Ok(Outcome::Unchanged),
            (Some(_), _, OnConflict::Refuse) => Err(Error::Conflict { person, session }),
            (Some(_), Some(other), _) => Err(Error::Double { person, session, other }),
            (Some(Found { id, .. }), None, OnConflict::Replace) => {
                if self.has(id, record)? {
                    return Ok(Outcome::Unchanged);
                }
                for table in ["messages", "facts", "vectors"] {
                    self.conn.execute(&format!("DELETE FROM {table} WHERE session = ?1"), [id])?;
                }
                self.write(id, record, &said)?;
                Ok(Outcome::Replaced)
            }
        }
    }

    /// Whether the record is stored as it is. What is damaged is not.
    fn has(&self, id: i64, record: &Record) -> Result<bool> {
        let mut heads = self.conn.prepare(ONE)?;
        let mut rows = heads.query([id])?;
        let Some(head) = rows.next()? else { return Ok(false) };
        match Reader::new(self.conn)?.read(self.person, head) {
            Ok(stored) => Ok(stored == *record),
            Err(Error::Damaged { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// All of a session whose row is there and has nothing yet.
    fn write(&self, id: i64, record: &Record, said: &[u8]) -> Result<()> {
        let vectors = record.embeddings.as_ref().map(Embeddings::to_bytes).unwrap_or_default();
        let sum = digest::checksum(self.person, record, said, &vectors);
        let head = "UPDATE sessions SET time = ?2, persona = ?3, said = ?4, checksum = ?5 \
                    WHERE id = ?1";
        self.conn.execute(head, params![id, record.time, record.persona, said, sum])?;
        let mut insert = self.conn.prepare("INSERT INTO messages VALUES (?1, ?2, ?3, ?4)")?;
        for (place, message) in (0_i64..).zip(&record.messages) {
            insert.execute(params![id, place, message.role.as_str(), message.content])?;
        }
        let mut insert = self.conn.prepare("INSERT INTO facts VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for (place, fact) in (0_i64..).zip(&record.facts) {
            insert.execute(params![id, place, fact.subject, fact.relation, fact.object])?;
        }
        if let Some(embeddings) = &record.embeddings {
            let insert = "INSERT INTO vectors VALUES (?1, ?2, ?3, ?4)";
            let dim = embeddings.dim() as i64;
            self.conn.execute(insert, params![id, embeddings.encoder(), dim, vectors])?;
        }
        Ok(())
    }
}

/// Deletes the rows of a person's sessions, and says how many there were; the
/// person's own with the last.
pub(super) fn delete(conn: &Connection, person: &str, sessions: &[&str]) -> Result<usize> {
    let Some(row) = find::person(conn, person)? else { return Ok(0) };
    let mut deleted = 0;
    for session in sessions {
        if let Some(found) = find::session(conn, row, session)? {
            deleted += conn.execute("DELETE FROM sessions WHERE id = ?1", [found.id])?;
        }
    }
    let empty = "DELETE FROM persons WHERE id = ?1 \
                 AND NOT EXISTS (SELECT 1 FROM sessions WHERE person = ?1)";
    conn.execute(empty, [row])?;
    Ok(deleted)
}
