//! Which members of the workspace are published, and packaging them.

/// Members that are not published: what is of use only inside this repository,
/// and what needs its `[patch]`.
pub(crate) const UNPUBLISHED: [&str; 8] = [
    "idl-benches",
    "idl-cli",
    "idl-examples",
    "idl-pretrain",
    "idl-rust-bert",
    "idl-tests",
    "tch",
    "xtask",
];

/// The arguments with which cargo packages every published member, from what it
/// has at hand: no registry is asked.
pub(crate) fn arguments() -> Vec<&'static str> {
    let mut arguments = vec!["package", "--workspace", "--offline", "--allow-dirty"];
    arguments.extend(UNPUBLISHED.iter().flat_map(|name| ["--exclude", name]));
    arguments
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::process::workspace_root;

    /// Of crates.io's categories those that a crate here may be in: one that is
    /// not on its list is dropped there with a warning that nobody sees.
    const CATEGORIES: [&str; 8] = [
        "algorithms",
        "caching",
        "data-structures",
        "database",
        "mathematics",
        "parser-implementations",
        "science",
        "text-processing",
    ];

    struct Member {
        dir: PathBuf,
        name: String,
        manifest: String,
    }

    impl Member {
        fn published(&self) -> bool {
            !self.manifest.contains("\npublish = false\n")
        }

        /// What stands behind `key = ` in the part `[table]`.
        fn value(&self, table: &str, key: &str) -> Option<&str> {
            let (_, table) = self.manifest.split_once(&format!("[{table}]\n"))?;
            let lines = table.lines().take_while(|line| !line.starts_with('['));
            lines.filter_map(|line| line.split_once(" = ")).find(|(k, _)| *k == key).map(|kv| kv.1)
        }

        fn list(&self, table: &str, key: &str) -> Vec<&str> {
            let list = self.value(table, key).unwrap_or_default();
            list.split('"').skip(1).step_by(2).collect()
        }
    }

    fn members() -> Vec<Member> {
        let root = workspace_root();
        let mut dirs: Vec<PathBuf> =
            fs::read_dir(root.join("crates")).unwrap().map(|e| e.unwrap().path()).collect();
        dirs.extend(["benches", "tests", "examples"].map(|name| root.join(name)));
        dirs.retain(|dir| dir.join("Cargo.toml").is_file());
        dirs.sort();
        let member = |dir: PathBuf| {
            let manifest = fs::read_to_string(dir.join("Cargo.toml")).unwrap();
            let mut member = Member { dir, name: String::new(), manifest };
            member.name = member.value("package", "name").unwrap().trim_matches('"').to_owned();
            member
        };
        dirs.into_iter().map(member).collect()
    }

    #[test]
    fn whatever_is_not_published_is_left_out_and_nothing_else() {
        let members = members();
        let found: BTreeSet<&str> =
            members.iter().filter(|m| !m.published()).map(|m| m.name.as_str()).collect();
        assert_eq!(found, BTreeSet::from(UNPUBLISHED));
        assert!(arguments().windows(2).any(|pair| pair == ["--exclude", "xtask"]));
    }

    #[test]
    fn published_crates_say_what_they_are() {
        for member in members().iter().filter(|m| m.published()) {
            let name = &member.name;
            let description = member.value("package", "description").unwrap_or_default();
            assert!(description.len() > 20, "{name}: description is {description}");
            assert_eq!(member.value("package", "readme"), Some("\"README.md\""), "{name}");
            let keywords = member.list("package", "keywords");
            assert!((1..=5).contains(&keywords.len()), "{name}: keywords are {keywords:?}");
            for word in keywords {
                let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                assert!(word.len() <= 20 && word.chars().all(fits), "{name}: keyword {word}");
            }
            let categories = member.list("package", "categories");
            assert!((1..=5).contains(&categories.len()), "{name}: categories are {categories:?}");
            for category in categories {
                assert!(CATEGORIES.contains(&category), "{name}: category {category}");
            }
        }
    }

    /// docs.rs has no libtorch: a crate that links it must be told to do without.
    #[test]
    fn documentation_builds_without_libtorch() {
        for member in members().iter().filter(|m| m.published()) {
            let name = &member.name;
            let docs = "package.metadata.docs.rs";
            let features = member.list(docs, "features");
            if member.value("features", "doc-only").is_some() {
                assert!(features.contains(&"doc-only"), "{name}: {features:?}");
                let download = member.value("features", "download-libtorch");
                assert!(download.is_some(), "{name}: no feature download-libtorch");
            } else {
                assert!(!member.manifest.contains("\ntch"), "{name}: tch without doc-only");
                assert_eq!(member.value(docs, "all-features"), Some("true"), "{name}");
            }
        }
    }

    #[test]
    fn readmes_show_how_to_begin_and_stay_inside_their_crate() {
        for member in members().iter().filter(|m| m.published()) {
            let name = &member.name;
            let readme = fs::read_to_string(member.dir.join("README.md")).unwrap();
            let screen: Vec<&str> = readme.lines().take(30).collect();
            let screen = screen.join("\n");
            let folder = member.dir.file_name().unwrap().to_string_lossy();
            let path = format!("path = \"../in-dialogue-learning/crates/{folder}\"");
            assert!(screen.contains(&path), "{name}: no dependency line in\n{screen}");
            assert!(screen.contains("\n```rust"), "{name}: no Rust in\n{screen}");
            assert!(!readme.contains("](.."), "{name}: a link leads out of the crate");
        }
    }
}
