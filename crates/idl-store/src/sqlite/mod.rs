//! The store in a file of SQLite.

mod find;
mod read;
mod schema;
mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::error::{Error, Result};
use crate::record::Record;
use crate::store::{OnConflict, Outcome, SessionStore};
use read::{ALL, ONE, Reader};
use write::Writer;

/// The database's name in its folder; `-wal` and `-shm` stand beside it.
const FILE: &str = "sessions.sqlite";

/// How long a connection waits for others.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long opening waits between attempts to set the journal.
const PAUSE: Duration = Duration::from_millis(10);

/// Sessions of persons in a folder, in one file of SQLite.
///
/// Any number of stores may be open on a folder, in threads and processes:
/// readers see the last state that was complete when they began and never wait
/// for the writer, writers take turns. See the crate's documentation for what
/// is promised.
///
/// ```
/// use idl_dialogue::Utterance;
/// use idl_store::{OnConflict, Outcome, Record, SessionStore, SqliteStore};
///
/// # let folder = tempfile::tempdir()?;
/// let mut store = SqliteStore::open(folder.path())?;
/// let said = vec![Utterance::user("any plans ?"), Utterance::assistant("i row on sundays .")];
/// let record = Record::new("monday", said);
/// let add = |store: &mut SqliteStore| store.add("ada", std::slice::from_ref(&record), OnConflict::Refuse);
/// assert_eq!(add(&mut store)?, [Outcome::Added]);
/// assert_eq!(add(&mut store)?, [Outcome::Unchanged]);
/// assert_eq!(store.load("ada", "monday")?, Some(record));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    conn: Connection,
    path: PathBuf,
}

impl SqliteStore {
    /// The store in the folder `dir`; both are made if need be, and the schema
    /// of an older release is brought up to date. A purge that was cut short
    /// is made up for, unless others use the store.
    ///
    /// # Errors
    /// [`Error::Io`] for the folder, [`Error::NotAStore`], [`Error::Newer`],
    /// [`Error::NoLog`] and [`Error::Corrupt`] for the file.
    pub fn open(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir).map_err(Error::io(dir))?;
        let path = dir.join(FILE);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut conn = Connection::open_with_flags(&path, flags)?;
        conn.busy_timeout(PATIENCE)?;
        // Before anything is written: it may be somebody else's.
        schema::version(&conn, &path, schema::MIGRATIONS.len()).map_err(|error| match error {
            Error::Corrupt { source: Some(e), .. } if is_no_database(&e) => {
                Error::NotAStore { path: path.clone() }
            }
            other => other,
        })?;
        write_ahead(&conn, &path)?;
        // What is deleted is overwritten. Copies that VACUUM and sorting make
        // stay in memory: a file of theirs would lie in the system's folder.
        conn.execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA secure_delete = ON;
             PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA trusted_schema = OFF;
             PRAGMA cell_size_check = ON;",
        )?;
        schema::migrate(&mut conn, &path, schema::MIGRATIONS)?;
        let this = SqliteStore { conn, path };
        this.resume_purge()?;
        Ok(this)
    }

    /// The database's file. A process that has the store open must not open
    /// and close this file by other means: on POSIX systems that gives up the
    /// locks that SQLite holds on it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits up to `patience` for others before it gives up with
    /// [`Error::Busy`]; 5 seconds unless told.
    ///
    /// # Errors
    /// [`Error::Sqlite`], if ever.
    pub fn set_patience(&mut self, patience: Duration) -> Result<()> {
        Ok(self.conn.busy_timeout(patience)?)
    }

    /// Lets this connection grow the database to `bytes` at most (rounded down
    /// to pages, and never below its present size); beyond is [`Error::Full`].
    ///
    /// # Errors
    /// Those of reading the database.
    pub fn set_limit(&mut self, bytes: u64) -> Result<()> {
        let size: i64 = self.conn.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let pages = bytes / u64::try_from(size).unwrap_or(1).max(1);
        // SQLite's own limit is 2^32 - 2; 0 would ask for the present one.
        let pages = pages.clamp(1, u64::from(u32::MAX) - 1);
        let set = format!("PRAGMA max_page_count = {pages}");
        Ok(self.conn.query_row(&set, [], |_| Ok(()))?)
    }

    /// Takes what was deleted out of every byte of the files: the database is
    /// written anew and its log cut to nothing. [`remove`](SessionStore::remove)
    /// does this by itself. `O(size of the store)`, in time and in memory.
    ///
    /// # Errors
    /// [`Error::Busy`] while others read or write, [`Error::Full`] where a
    /// second copy has no room.
    pub fn purge(&mut self) -> Result<()> {
        self.run_purge()
    }

    fn run_purge(&self) -> Result<()> {
        let wanted: i64 = self.conn.query_row("SELECT wanted FROM purges", [], |row| row.get(0))?;
        self.conn.execute_batch("VACUUM")?;
        self.truncate_log()?;
        self.conn.execute("UPDATE purges SET done = max(done, ?1)", [wanted])?;
        Ok(())
    }

    fn truncate_log(&self) -> Result<()> {
        let busy: i64 =
            self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy == 0 { Ok(()) } else { Err(Error::Busy(None)) }
    }

    /// Purges for a removal that a kill cut short. Others may be at it.
    fn resume_purge(&self) -> Result<()> {
        let open: bool =
            self.conn.query_row("SELECT wanted > done FROM purges", [], |row| row.get(0))?;
        if !open {
            return Ok(());
        }
        self.conn.busy_timeout(Duration::ZERO)?;
        let purged = self.run_purge();
        self.conn.busy_timeout(PATIENCE)?;
        match purged {
            // It stays wanted; reading needs neither.
            Err(Error::Busy(_) | Error::Full(_)) => Ok(()),
            other => other,
        }
    }

    /// One state for several queries; a `visit` that reads has one already.
    fn snapshot(&self) -> Result<Option<Transaction<'_>>> {
        Ok(if self.conn.is_autocommit() { Some(self.conn.unchecked_transaction()?) } else { None })
    }

    /// Does work in one transaction. Where that has deleted something, which
    /// it says, the files are purged.
    fn write<T>(&mut self, work: impl FnOnce(&Connection) -> Result<(T, bool)>) -> Result<T> {
        let tx = Transaction::new(&mut self.conn, TransactionBehavior::Immediate)?;
        let (done, deleted) = work(&tx)?;
        if deleted {
            tx.execute("UPDATE purges SET wanted = wanted + 1", [])?;
        }
        tx.commit()?;
        if deleted {
            self.run_purge().map_err(|error| Error::Traces(Box::new(error)))?;
        }
        Ok(done)
    }
}

impl SessionStore for SqliteStore {
    fn add(
        &mut self,
        person: &str,
        sessions: &[Record],
        on_conflict: OnConflict,
    ) -> Result<Vec<Outcome>> {
        if person.is_empty() {
            return Err(Error::EmptyId { what: "person" });
        }
        for session in sessions {
            session.validate()?;
        }
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        self.write(|conn| {
            let writer = Writer::new(conn, person)?;
            let outcomes: Vec<_> =
                sessions.iter().map(|s| writer.add(s, on_conflict)).collect::<Result<_>>()?;
            let deleted = outcomes.contains(&Outcome::Replaced);
            Ok((outcomes, deleted))
        })
    }

    fn remove(&mut self, person: &str, sessions: &[&str]) -> Result<usize> {
        self.write(|conn| {
            let found = write::delete(conn, person, sessions)?;
            Ok((found, found > 0))
        })
    }

    fn persons(&self) -> Result<Vec<String>> {
        let mut statement = self.conn.prepare("SELECT name FROM persons ORDER BY id")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn sessions(&self, person: &str) -> Result<Vec<String>> {
        let _snapshot = self.snapshot()?;
        let Some(row) = find::person(&self.conn, person)? else { return Ok(Vec::new()) };
        let sql = "SELECT name FROM sessions WHERE person = ?1 ORDER BY id";
        let mut statement = self.conn.prepare(sql)?;
        let rows = statement.query_map([row], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn len(&self, person: &str) -> Result<usize> {
        let _snapshot = self.snapshot()?;
        let Some(row) = find::person(&self.conn, person)? else { return Ok(0) };
        let sql = "SELECT count(*) FROM sessions WHERE person = ?1";
        let count: i64 = self.conn.query_row(sql, [row], |row| row.get(0))?;
        usize::try_from(count).map_err(|_| Error::corrupt("a count below 0"))
    }

    fn load(&self, person: &str, session: &str) -> Result<Option<Record>> {
        let _snapshot = self.snapshot()?;
        let Some(row) = find::person(&self.conn, person)? else { return Ok(None) };
        let Some(found) = find::session(&self.conn, row, session)? else { return Ok(None) };
        let mut heads = self.conn.prepare(ONE)?;
        let mut rows = heads.query([found.id])?;
        match rows.next()? {
            None => Ok(None),
            Some(head) => Reader::new(&self.conn)?.read(person, head).map(Some),
        }
    }

    fn visit(&self, person: &str, visit: &mut dyn FnMut(Record)) -> Result<()> {
        let _snapshot = self.snapshot()?;
        let Some(row) = find::person(&self.conn, person)? else { return Ok(()) };
        let mut heads = self.conn.prepare(ALL)?;
        let mut rows = heads.query([row])?;
        let mut reader = Reader::new(&self.conn)?;
        while let Some(head) = rows.next()? {
            visit(reader.read(person, head)?);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let _snapshot = self.snapshot()?;
        // Sessions first: that names them.
        for person in self.persons()? {
            self.visit(&person, &mut drop)?;
        }
        let problem: String =
            self.conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if problem != "ok" {
            return Err(Error::corrupt(problem));
        }
        if self.conn.prepare("PRAGMA foreign_key_check")?.exists([])? {
            return Err(Error::corrupt("a row belongs to nothing"));
        }
        schema::check(&self.conn)
    }
}

/// SQLite cannot have found its own header.
fn is_no_database(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase)
}

/// Sets the write-ahead log. While two make the same store, SQLite may say
/// "busy" at once instead of after the time-out.
fn write_ahead(conn: &Connection, path: &Path) -> Result<()> {
    let mut left = PATIENCE.as_millis() / PAUSE.as_millis();
    loop {
        let mode = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        match mode.map_err(Error::from) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(found) => return Err(Error::NoLog { path: path.to_owned(), found }),
            Err(Error::Busy(_)) if left > 0 => {
                left -= 1;
                std::thread::sleep(PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
}
