//! ParlAI text (`fbdialog`), the form in which Persona-Chat and ConvAI2 are
//! passed on: numbered lines, of which an [`Episode`] is a run that begins
//! with 1.
//!
//! ```text
//! 1 your persona: i row.
//! 2 partner's persona: i bake bread.
//! 3 hi !<TAB>hello . i just rowed home .
//! 4 nice , i baked .<TAB>may i try ?<TAB><TAB>no idea .|we won !|may i try ?
//! ```
//!
//! A turn is what the partner says and what the person replies; candidates, of
//! which the reply is one (in ConvAI2 the last), may follow behind an empty
//! field. Where the person speaks first or twice in a row, the partner "says"
//! [`SILENCE`](crate::convai2::SILENCE). "Your" is the person whose voice is learnt.
//!
//! A line has no mark of the file's end but its line feed, and so a last line
//! without one is taken for cut off; see [`Episodes::allow_unterminated`].

mod episode;
mod read;
mod write;

pub use episode::{Episode, Turn};
pub use read::{Episodes, open, read};
pub use write::write;
