//! What the database is made of, and how an older one becomes today's.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::{Error, Result};

/// "idls": says in the file's head whose it is.
const APPLICATION: i64 = 0x6964_6c73;

/// Each takes a database from the version that is its index to the next. A
/// released one never changes.
pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE persons (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY,
        person INTEGER NOT NULL REFERENCES persons (id),
        name TEXT NOT NULL,
        time INTEGER,
        persona TEXT NOT NULL,
        said BLOB NOT NULL,
        checksum BLOB NOT NULL,
        UNIQUE (person, name),
        UNIQUE (person, said)
    ) STRICT;
    CREATE TABLE messages (
        session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        role TEXT NOT NULL,
        content TEXT NOT NULL,
        PRIMARY KEY (session, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE facts (
        session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        subject TEXT NOT NULL,
        relation TEXT NOT NULL,
        object TEXT NOT NULL,
        PRIMARY KEY (session, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE vectors (
        session INTEGER PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
        encoder TEXT NOT NULL,
        dim INTEGER NOT NULL,
        data BLOB NOT NULL
    ) STRICT;
    CREATE TABLE purges (
        wanted INTEGER NOT NULL,
        done INTEGER NOT NULL
    ) STRICT;
    INSERT INTO purges VALUES (0, 0);
"];

/// The version of a store's database, 0 for one that is empty.
pub(super) fn version(conn: &Connection, path: &Path, known: usize) -> Result<usize> {
    let number = |pragma: &str| conn.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let application = number("PRAGMA application_id")?;
    if application != APPLICATION && (application, tables) != (0, 0) {
        return Err(Error::NotAStore { path: path.to_owned() });
    }
    let found = number("PRAGMA user_version")?;
    match usize::try_from(found) {
        Ok(version) if version <= known => Ok(version),
        _ => Err(Error::Newer { path: path.to_owned(), found, known: known as i64 }),
    }
}

/// Brings the database to the last of `migrations`, in one transaction.
pub(super) fn migrate(conn: &mut Connection, path: &Path, migrations: &[&str]) -> Result<()> {
    if version(conn, path, migrations.len())? == migrations.len() {
        return Ok(());
    }
    let tx = Transaction::new(conn, TransactionBehavior::Immediate)?;
    // Somebody else may have been faster.
    let from = version(&tx, path, migrations.len())?;
    for migration in migrations.iter().skip(from) {
        tx.execute_batch(migration)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", migrations.len() as i64)?;
    Ok(tx.commit()?)
}

/// Refuses a database whose tables are not those that the migrations make.
pub(super) fn check(conn: &Connection) -> Result<()> {
    let mut fresh = Connection::open_in_memory()?;
    migrate(&mut fresh, Path::new(":memory:"), MIGRATIONS)?;
    if tables(conn)? != tables(&fresh)? {
        return Err(Error::corrupt("the schema is not that of its version"));
    }
    Ok(())
}

type Table = (String, String, String, Option<String>);

fn tables(conn: &Connection) -> Result<Vec<Table>> {
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
    let mut statement = conn.prepare(sql)?;
    let rows =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[&str] = &["", "CREATE TABLE b (x INTEGER) STRICT"];
    const ONE: &[&str] = &["CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (7)"];

    fn names(conn: &Connection) -> Vec<String> {
        tables(conn).unwrap().into_iter().map(|t| t.1).collect()
    }

    #[test]
    fn an_older_database_is_brought_up_and_keeps_its_rows() {
        let path = Path::new("x");
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, path, ONE).unwrap();
        migrate(&mut conn, path, &[ONE[0], TWO[1]]).unwrap();
        assert_eq!(names(&conn), ["a", "b"]);
        let kept: i64 = conn.query_row("SELECT x FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!((kept, version(&conn, path, 2).unwrap()), (7, 2));

        let newer = version(&conn, path, 1).unwrap_err();
        assert_eq!(newer.to_string(), "x has schema 2; this release knows 1 and earlier");
    }

    #[test]
    fn a_migration_that_fails_leaves_everything_as_it_was() {
        let path = Path::new("x");
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, path, ONE).unwrap();
        let wrong = [ONE[0], TWO[1], "CREATE TABLE a (x INTEGER) STRICT"];
        assert!(matches!(migrate(&mut conn, path, &wrong), Err(Error::Sqlite(_))));
        assert_eq!((names(&conn), version(&conn, path, 3).unwrap()), (vec!["a".to_owned()], 1));
    }
}
