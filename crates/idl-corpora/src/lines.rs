//! The lines of a text, numbered, each held only while it is looked at.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::error::{Error, Result};

/// How many bytes a line may have unless the caller says otherwise: 64 MiB.
///
/// A dialogue has a few thousand. The bound is there for the file that is no
/// text at all, whose one "line" would else be taken into memory whole.
pub const LINE_LIMIT: usize = 64 << 20;

/// What the buffer keeps of its memory from one line to the next.
const KEPT: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a text, numbered; reading stops for good at an I/O error.
///
/// A line ends in a line feed or a carriage return and a line feed, the last
/// one also in neither. A byte order mark at the beginning belongs to no line.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: R,
    file: String,
    line: usize,
    limit: usize,
    buffer: Vec<u8>,
    terminated: bool,
    stopped: bool,
}

impl Lines<BufReader<File>> {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = path.display().to_string();
        match File::open(path) {
            Ok(opened) => Ok(Lines::new(BufReader::with_capacity(1 << 16, opened), file)),
            Err(source) => Err(Error::Open { file, source }),
        }
    }
}

impl<R: BufRead> Lines<R> {
    /// `file` is only a name for messages.
    pub(crate) fn new(reader: R, file: impl Into<String>) -> Self {
        Lines {
            reader,
            file: file.into(),
            line: 0,
            limit: LINE_LIMIT,
            buffer: Vec::new(),
            terminated: true,
            stopped: false,
        }
    }

    /// Sets the number of bytes that a line may have.
    pub(crate) fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    /// The name of the file, for messages.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The number of the current line, counted from 1.
    pub(crate) fn line(&self) -> usize {
        self.line
    }

    /// The current line without its end.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// The current line without its end, which must be UTF-8.
    pub(crate) fn text(&self) -> Result<&str> {
        str::from_utf8(&self.buffer).map_err(|source| Error::Encoding {
            file: self.file.clone(),
            line: self.line,
            source,
        })
    }

    /// Whether the current line ends in a line feed; where it does not, the
    /// file may have been cut off.
    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated
    }

    /// The error that says what is wrong with `field` in the current line.
    pub(crate) fn wrong(
        &self,
        field: impl Into<String>,
        expected: &'static str,
        found: impl Into<String>,
    ) -> Error {
        Error::Field {
            file: self.file.clone(),
            line: self.line,
            field: field.into(),
            expected,
            found: found.into(),
        }
    }

    /// The next line that is not blank, as text.
    pub(crate) fn next_text(&mut self) -> Option<Result<&str>> {
        Some(self.advance()?.and_then(|()| self.text()))
    }

    /// Goes to the next line that is not blank. After [`Error::LongLine`] it
    /// may be called again; after [`Error::Read`] nothing is left.
    pub(crate) fn advance(&mut self) -> Option<Result<()>> {
        while !self.stopped {
            self.line += 1;
            match self.fill() {
                Ok(Filled::Line) if self.buffer.trim_ascii().is_empty() => {}
                Ok(Filled::Line) => return Some(Ok(())),
                Ok(Filled::End) => self.stopped = true,
                Ok(Filled::TooLong) => {
                    self.buffer.clear();
                    let (file, line, limit) = (self.file.clone(), self.line, self.limit);
                    return Some(Err(Error::LongLine { file, line, limit }));
                }
                Err(source) => {
                    self.stopped = true;
                    self.buffer.clear();
                    let (file, line) = (self.file.clone(), self.line);
                    return Some(Err(Error::Read { file, line, source }));
                }
            }
        }
        self.buffer.clear();
        None
    }

    /// Brings the next line into the buffer, but of one that is too long only
    /// as much as shows that it is.
    fn fill(&mut self) -> io::Result<Filled> {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT);
        let mark = if self.line == 1 { BYTE_ORDER_MARK.len() } else { 0 };
        // With the line feed and, before it, the carriage return.
        let most = self.limit.saturating_add(2 + mark);
        let taken = u64::try_from(most).unwrap_or(u64::MAX);
        if (&mut self.reader).take(taken).read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(Filled::End);
        }
        self.terminated = self.buffer.ends_with(b"\n");
        let cut_short = !self.terminated && self.buffer.len() == most;
        if self.terminated {
            self.buffer.pop();
            if self.buffer.ends_with(b"\r") {
                self.buffer.pop();
            }
        }
        if mark > 0 && self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.buffer.drain(..BYTE_ORDER_MARK.len());
        }
        if cut_short {
            self.reader.skip_until(b'\n')?;
        }
        Ok(if cut_short || self.buffer.len() > self.limit { Filled::TooLong } else { Filled::Line })
    }
}

/// What came of reading a line.
enum Filled {
    Line,
    TooLong,
    End,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the lines are: their numbers, with the text or the error.
    fn all(bytes: &[u8], limit: usize) -> Vec<(usize, String)> {
        // A buffer of 3 bytes: no line comes in one piece.
        let mut lines = Lines::new(BufReader::with_capacity(3, bytes), "f");
        lines.set_limit(limit);
        let mut all = Vec::new();
        while let Some(text) = lines.next_text() {
            let text = text.map_or_else(|e| e.to_string(), str::to_owned);
            all.push((lines.line(), text));
        }
        all
    }

    #[test]
    fn ends_marks_and_blank_lines_are_left_out_and_counted() {
        let found = all(b"\xef\xbb\xbfone\tx \r\n \n\xff\n\xef\xbb\xbftwo\r", 99);
        let two = "\u{feff}two\r";
        let expected = [(1, "one\tx "), (3, "f:3: expected UTF-8"), (4, two)];
        assert_eq!(found, expected.map(|(n, text)| (n, text.to_owned())));
        for nothing in ["", "\u{feff}", "\u{feff}\r\n", "\n \t\r\n"] {
            assert!(all(nothing.as_bytes(), 99).is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn a_line_may_have_as_many_bytes_as_the_limit_and_no_more() {
        let long = "f:1: expected at most 4 bytes in the line, found more";
        for (text, first) in [
            ("1234\nx", "1234"),
            ("1234\r\nx", "1234"),
            ("\u{feff}1234\r\nx", "1234"),
            ("12345\nx", long),
            ("12345\r\nx", long),
            ("123456789\nx", long),
            ("\u{feff}12345\nx", long),
            ("\u{feff}123456789\nx", long),
        ] {
            let expected = [(1, first.to_owned()), (2, String::from("x"))];
            assert_eq!(all(text.as_bytes(), 4), expected, "{text:?}");
        }
        assert_eq!(all(b"1234", 4), [(1, String::from("1234"))]);
        assert_eq!(all(b"12345", 4), [(1, long.to_owned())]);
        assert_eq!(all(b"1234567890", 4), [(1, long.to_owned())]);
        assert_eq!(all(b"12\n", usize::MAX), [(1, String::from("12"))]);
    }

    /// Zeros without end or line feed, of which it counts what was asked for.
    struct Zeros {
        left: usize,
    }

    impl Read for Zeros {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = buffer.len().min(self.left);
            buffer[..n].fill(b'0');
            self.left -= n;
            Ok(n)
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_not_held() {
        let mut lines = Lines::new(BufReader::new(Zeros { left: 20 << 20 }), "f");
        lines.set_limit(1000);
        assert!(matches!(lines.advance(), Some(Err(Error::LongLine { limit: 1000, .. }))));
        assert!(lines.buffer.capacity() < 1 << 16, "{}", lines.buffer.capacity());
        assert!(lines.advance().is_none());
    }

    #[test]
    fn whether_the_last_line_is_whole() {
        for (text, whole) in [("a\nb\n", true), ("a\nb", false), ("a\r\nb\r\n", true)] {
            let mut lines = Lines::new(text.as_bytes(), "f");
            lines.advance().unwrap().unwrap();
            assert!(lines.is_terminated());
            lines.advance().unwrap().unwrap();
            assert_eq!(lines.is_terminated(), whole, "{text:?}");
            assert!(lines.advance().is_none());
        }
    }

    /// Fails for ever, as a broken disk does.
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }

    #[test]
    fn a_broken_reader_gives_one_error_and_then_the_end() {
        let mut lines = Lines::new(BufReader::new(Broken), "f");
        let error = lines.advance().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "f:1: cannot be read");
        assert!(error.is_fatal() && std::error::Error::source(&error).is_some());
        assert!(lines.advance().is_none());
    }
}
