//! What the commands can be told.

/// Options of `setup`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SetupOptions {
    pub(crate) cuda: bool,
    pub(crate) libtorch_url: Option<String>,
    pub(crate) no_encoder: bool,
    /// Keep an earlier `setup --cuda`: `demo` and `test` set up what is
    /// missing, they do not undo choices.
    pub(crate) keep: bool,
}

/// Options of `test`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TestOptions {
    pub(crate) list: bool,
    /// Names of steps; empty for all.
    pub(crate) only: Vec<String>,
}

/// Options of `drill`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DrillOptions {
    pub(crate) name: String,
    pub(crate) minutes: u64,
    pub(crate) seed: Option<u64>,
}
