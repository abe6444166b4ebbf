//! `.cargo/libtorch.toml`: what set-up leaves in the checkout, and what makes
//! plain cargo find libtorch.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Whose libtorch it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Fetched into the cache folder by set-up.
    Cache,
    /// Named by the user in `LIBTORCH`.
    User,
    /// python3's torch package, found by `setup --cuda`.
    Python,
}

/// The contents of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) libtorch: PathBuf,
    pub(crate) source: Source,
    /// The folder to link through, for CUDA (see [`crate::cuda`]).
    pub(crate) link: Option<PathBuf>,
    pub(crate) encoder: Option<PathBuf>,
}

impl Config {
    /// Where the file lies.
    pub(crate) fn path(root: &Path) -> PathBuf {
        root.join(".cargo/libtorch.toml")
    }

    /// What an earlier set-up has written; none if there is none or if nothing
    /// can be made of it, in which case it is written anew.
    pub(crate) fn load(root: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(Self::path(root)).ok()?)
    }

    /// Writes the file if it would change (a changed file may make cargo build
    /// everything again).
    pub(crate) fn store(&self, root: &Path) -> Result<()> {
        // A file written by hand counts too, if it says the same.
        if Self::load(root).as_ref() == Some(self) {
            return Ok(());
        }
        let path = Self::path(root);
        let text = self.render()?;
        let dir = root.join(".cargo");
        fs::create_dir_all(&dir).map_err(Error::io("make", &dir))?;
        let temp = dir.join(format!("libtorch.toml.{}", std::process::id()));
        fs::write(&temp, text).map_err(Error::io("write", &temp))?;
        fs::rename(&temp, &path).map_err(Error::io("write", &path))?;
        eprintln!("xtask: wrote {}", path.display());
        Ok(())
    }

    /// The flags for rustc and rustdoc. Each argument is an element of its own,
    /// so that spaces in the path do no harm.
    pub(crate) fn flags(&self) -> Result<Vec<String>> {
        let lib = self.libtorch.join("lib");
        let lib = linkable(&lib)?;
        let mut flags = vec!["-C".into(), format!("link-arg=-Wl,-rpath,{lib}")];
        if self.link.is_some() {
            // libtorch_cuda.so needs libraries that the machine with the GPU has
            // but the one that builds may lack.
            flags.push("-C".into());
            flags.push("link-arg=-Wl,--unresolved-symbols=ignore-in-shared-libs".into());
        }
        Ok(flags)
    }

    fn render(&self) -> Result<String> {
        let source = match self.source {
            Source::Cache => "cache",
            Source::User => "LIBTORCH",
            Source::Python => "python",
        };
        let mut text = format!(
            "# Written by `cargo xtask setup`; delete it to begin anew. Not for git.\n\
             # source = {source}\n[env]\nLIBTORCH = {}\n",
            string(plain(&self.libtorch, &[])?)
        );
        for (key, path) in [("LIBTORCH_LIB", &self.link), ("IDL_ENCODER", &self.encoder)] {
            if let Some(path) = path {
                text += &format!("{key} = {}\n", string(plain(path, &[])?));
            }
        }
        let flags: Vec<_> = self.flags()?.iter().map(|flag| string(flag)).collect();
        let flags = flags.join(", ");
        text += &format!("[build]\nrustflags = [{flags}]\nrustdocflags = [{flags}]\n");
        Ok(text)
    }

    /// Reads what `render` writes, not all of TOML.
    fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| {
            text.lines().find_map(|line| {
                let (name, value) = line.split_once('=')?;
                (name.trim() == key).then(|| unquote(value.trim())).flatten().map(PathBuf::from)
            })
        };
        let source = text.lines().find_map(|line| line.strip_prefix("# source = "));
        Some(Self {
            libtorch: value("LIBTORCH")?,
            source: match source.map(str::trim) {
                Some("cache") => Source::Cache,
                Some("python") => Source::Python,
                // Also a file written by hand.
                _ => Source::User,
            },
            link: value("LIBTORCH_LIB"),
            encoder: value("IDL_ENCODER"),
        })
    }
}

/// Whether a libtorch below `path` can be linked.
pub(crate) fn check_path(path: &Path) -> Result<()> {
    linkable(path).map(|_| ())
}

fn linkable(path: &Path) -> Result<&str> {
    // `-Wl,` splits at commas, an rpath at colons.
    plain(path, &[',', ':'])
}

fn plain<'a>(path: &'a Path, not: &[char]) -> Result<&'a str> {
    let text = path.to_str().filter(|t| !t.contains(not) && !t.contains(['"', '\'', '\n', '\r']));
    text.ok_or_else(|| Error::Path(path.to_path_buf()))
}

/// A TOML basic string.
fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn unquote(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    Some(inner.replace("\\\"", "\"").replace("\\\\", "\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(dir: &str) -> Config {
        Config {
            libtorch: dir.into(),
            source: Source::Cache,
            link: None,
            encoder: Some("/e n/c".into()),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        for source in [Source::Cache, Source::User, Source::Python] {
            for link in [None, Some("/li nk".into())] {
                let config = Config { source, link, ..config("/a path/with\\odd things") };
                config.store(dir.path()).unwrap();
                assert_eq!(Config::load(dir.path()), Some(config));
            }
        }
        assert_eq!(fs::read_dir(dir.path().join(".cargo")).unwrap().count(), 1);
    }

    #[test]
    fn spaces_stay_inside_one_argument() {
        let text = config("/a path").render().unwrap();
        let line = "rustflags = [\"-C\", \"link-arg=-Wl,-rpath,/a path/lib\"]\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn what_the_linker_cannot_take_is_refused() {
        for dir in ["/a,b", "/a:b", "/a\"b", "/a\nb"] {
            assert!(matches!(config(dir).render(), Err(Error::Path(_))), "{dir}");
            assert!(check_path(Path::new(dir)).is_err(), "{dir}");
        }
    }

    #[test]
    fn a_file_written_by_hand_is_the_users() {
        let config = Config::parse("[env]\nLIBTORCH = \"/opt/x\"\n").unwrap();
        assert_eq!((config.libtorch, config.source), ("/opt/x".into(), Source::User));
        assert_eq!(Config::parse("[env]\n"), None);
    }
}
