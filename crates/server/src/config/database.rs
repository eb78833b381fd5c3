use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Problems;

/// `database.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Database {
    /// `sqlite:` and a file.
    pub(crate) url: String,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: "sqlite:./data/informer-oauth.db".into(),
        }
    }
}

impl Database {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if let Err(message) = self.file() {
            problems.add("database.url", message);
        }
    }

    /// The database file. What is wrong is said without the URL: it may hold a password.
    fn file(&self) -> Result<&str, &'static str> {
        let Some((scheme, rest)) = self.url.split_once(':') else {
            return Err("must be sqlite: and a file, such as sqlite:./data/informer-oauth.db");
        };
        match scheme {
            "sqlite" => {}
            "postgres" | "postgresql" => {
                return Err("this build keeps its data in SQLite only: use sqlite: and a file");
            }
            _ => return Err("must begin with sqlite:"),
        }
        let file = rest.strip_prefix("//").unwrap_or(rest);
        if file.is_empty() || file.ends_with('/') || file.contains(['?', '\0']) || file.starts_with(':') {
            return Err("must name a file after sqlite:");
        }
        Ok(file)
    }

    /// Whether the database is a file of this process's own.
    pub(crate) fn is_embedded(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// The database file.
    pub(crate) fn path(&self) -> &Path {
        Path::new(self.file().unwrap_or_default())
    }

    /// The folder of the database file.
    pub(crate) fn folder(&self) -> PathBuf {
        match self.path().parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(url: &str) -> Database {
        Database { url: url.into() }
    }

    #[test]
    fn a_file_is_named_with_and_without_slashes() {
        assert_eq!(database("sqlite:./data/a.db").path(), Path::new("./data/a.db"));
        assert_eq!(database("sqlite:///var/lib/a.db").path(), Path::new("/var/lib/a.db"));
        assert_eq!(database("sqlite:a.db").folder(), Path::new("."));
    }

    #[test]
    fn other_databases_are_refused_without_their_password() {
        for url in [
            "postgres://u:hunter2@h/d",
            "mysql://u:hunter2@h/d",
            "hunter2",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:./data/",
        ] {
            let mut problems = Problems::default();
            database(url).validate(&mut problems);
            assert_eq!(problems.sentences().len(), 1, "{url}");
            assert!(!problems.to_string().contains("hunter2"));
        }
    }
}
