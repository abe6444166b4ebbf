//! Rows by what they are called.
//!
//! SQLite believes its indices: a damaged one leads to the row of another
//! person or session, which is sound in itself. So each row that was found is
//! looked at itself before it is read, replaced or deleted.

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Error, Result};

/// A session's row.
pub(super) struct Found {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) said: Vec<u8>,
}

/// The row of a person.
pub(super) fn person(conn: &Connection, person: &str) -> Result<Option<i64>> {
    let found = conn
        .query_row("SELECT id FROM persons WHERE name = ?1", [person], |row| row.get(0))
        .optional()?;
    let Some(id) = found else { return Ok(None) };
    let name = conn
        .query_row("SELECT name FROM persons WHERE id = ?1", [id], |row| row.get::<_, String>(0))
        .optional()?;
    if name.as_deref() == Some(person) { Ok(Some(id)) } else { Err(astray()) }
}

/// The person's session of this id.
pub(super) fn session(conn: &Connection, person: i64, session: &str) -> Result<Option<Found>> {
    let sql = "SELECT id FROM sessions WHERE person = ?1 AND name = ?2";
    let id = conn.query_row(sql, params![person, session], |row| row.get(0)).optional()?;
    id.map(|id| row(conn, id, person, |found| found.name == session)).transpose()
}

/// The person's session of this content.
pub(super) fn alike(conn: &Connection, person: i64, said: &[u8]) -> Result<Option<Found>> {
    let sql = "SELECT id FROM sessions WHERE person = ?1 AND said = ?2";
    let id = conn.query_row(sql, params![person, said], |row| row.get(0)).optional()?;
    id.map(|id| row(conn, id, person, |found| found.said == said)).transpose()
}

/// The row itself, which must be what the index has promised.
fn row(conn: &Connection, id: i64, person: i64, holds: impl Fn(&Found) -> bool) -> Result<Found> {
    let sql = "SELECT name, said, person FROM sessions WHERE id = ?1";
    let found = conn
        .query_row(sql, [id], |row| {
            Ok((Found { id, name: row.get(0)?, said: row.get(1)? }, row.get::<_, i64>(2)?))
        })
        .optional()?;
    match found {
        Some((found, of)) if of == person && holds(&found) => Ok(found),
        _ => Err(astray()),
    }
}

fn astray() -> Error {
    Error::corrupt("an index leads to another row")
}
