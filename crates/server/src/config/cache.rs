use std::{fs, path::PathBuf, time::Duration};

use informer_oauth_redis::{Redis, RedisClientCertificate, RedisOptions, RedisTls};
use serde::{Deserialize, Serialize, Serializer};

use super::{Location, Problems};

/// `cache.*`: where short-lived state is, when the database is a Postgres.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cache {
    /// One address of Redis, or those of a Cluster's nodes.
    pub(crate) url: Locations,
    /// Connections at most, which calls share; in a Cluster, to each node.
    pub(crate) pool_size: usize,
    /// How long a call may take in all.
    pub(crate) timeout_ms: u64,
    /// What every key begins with.
    pub(crate) key_prefix: String,
    /// Certificates, PEM, of those who may vouch for Redis; whom the system trusts when there is none.
    pub(crate) tls_root_file: Option<PathBuf>,
    /// The certificate, PEM, to show to a Redis that asks for one.
    pub(crate) tls_certificate_file: Option<PathBuf>,
    /// Its private key, PEM.
    pub(crate) tls_key_file: Option<PathBuf>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            url: Locations::default(),
            pool_size: 16,
            timeout_ms: 1000,
            key_prefix: "informer-oauth:".into(),
            tls_root_file: None,
            tls_certificate_file: None,
            tls_key_file: None,
        }
    }
}

impl Cache {
    pub(super) fn validate(&self, all: &mut Problems) {
        let mut problems = Problems::default();
        self.check(&mut problems);
        all.append(problems);
    }

    fn check(&self, problems: &mut Problems) {
        problems.range("cache.pool_size", self.pool_size, 1..=1000);
        // So that a request that has to ask twice is not kept longer than two seconds.
        problems.range("cache.timeout_ms", self.timeout_ms, 50..=1900);
        if self.tls_certificate_file.is_some() != self.tls_key_file.is_some() {
            problems.add(
                "cache.tls_certificate_file",
                "and cache.tls_key_file belong together: set both or neither",
            );
        }
        if self.url.is_empty() || !problems.is_empty() {
            return;
        }
        if self.url.0.iter().any(|url| !url.expose().contains("://")) {
            problems.add(
                "cache.url",
                "must be redis:// or rediss:// and a host, or several of them",
            );
            return;
        }
        // Nothing is asked of Redis by this.
        match self.redis() {
            Ok(options) => {
                if let Err(error) = Redis::connect(&options) {
                    problems.add("cache.url", error);
                }
            }
            Err(problem) => problems.add_sentence(problem),
        }
    }

    /// How to use Redis; or which file cannot be read.
    pub(crate) fn redis(&self) -> Result<RedisOptions, String> {
        let read = |key: &str, path: &PathBuf| {
            fs::read(path).map_err(|error| format!("{key}: cannot read {}: {error}", path.display()))
        };
        let client = match (&self.tls_certificate_file, &self.tls_key_file) {
            (Some(certificate), Some(key)) => Some(RedisClientCertificate {
                certificate: read("cache.tls_certificate_file", certificate)?,
                key: read("cache.tls_key_file", key)?,
            }),
            _ => None,
        };
        let roots = self.tls_root_file.as_ref();
        Ok(RedisOptions {
            urls: self.url.0.iter().map(|url| url.expose().to_owned()).collect(),
            tls: RedisTls {
                roots: roots.map(|path| read("cache.tls_root_file", path)).transpose()?,
                client,
            },
            pool_size: self.pool_size,
            timeout: Duration::from_millis(self.timeout_ms),
            key_prefix: self.key_prefix.clone(),
        })
    }
}

/// None, one or several addresses. In a text they are separated by commas; those of Sentinels and of a Cluster's nodes have
/// commas of their own, behind which there is no scheme.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(from = "Written")]
pub(crate) struct Locations(Vec<Location>);

impl Locations {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As they may be shown.
    pub(crate) fn shown(&self) -> String {
        self.0.iter().map(Location::shown).collect::<Vec<_>>().join(",")
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    List(Vec<String>),
}

impl From<Written> for Locations {
    fn from(written: Written) -> Self {
        let text = match written {
            Written::List(urls) => return Self(urls.iter().map(|url| Location::from(url.trim())).collect()),
            Written::Text(text) => text,
        };
        if let Ok(urls) = serde_json::from_str::<Vec<String>>(&text) {
            return Written::List(urls).into();
        }
        let mut urls: Vec<String> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match urls.last_mut() {
                Some(last) if !part.contains("://") => {
                    last.push(',');
                    last.push_str(part);
                }
                _ => urls.push(part.to_owned()),
            }
        }
        Written::List(urls).into()
    }
}

/// Nothing, a text, or a list.
impl Serialize for Locations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [] => serializer.serialize_none(),
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        let locations = Locations::from(Written::Text(text.into()));
        locations.0.iter().map(|url| url.expose().to_owned()).collect()
    }

    fn problems(cache: &Cache) -> Problems {
        let mut problems = Problems::default();
        cache.validate(&mut problems);
        problems
    }

    fn cache(url: &str) -> Cache {
        Cache {
            url: Written::Text(url.into()).into(),
            ..Cache::default()
        }
    }

    #[test]
    fn several_addresses_are_separated_by_commas_or_are_json() {
        assert_eq!(split("redis://a"), ["redis://a"]);
        assert_eq!(split("redis://a:1, redis://b:2"), ["redis://a:1", "redis://b:2"]);
        assert_eq!(split(r#"["redis://a", "redis://b"]"#), ["redis://a", "redis://b"]);
        assert_eq!(
            split("redis+sentinel://u:p@a:1,b:2/main"),
            ["redis+sentinel://u:p@a:1,b:2/main"]
        );
        assert_eq!(split(""), [""; 0]);
    }

    #[test]
    fn addresses_are_judged_without_showing_a_password() {
        for good in [
            "redis://127.0.0.1:6379/1",
            "redis://:p@a:1,redis://:p@b:2",
            "redis+sentinel://a:1,b:2/main",
            "redis+cluster://a:1,b:2",
        ] {
            assert_eq!(problems(&cache(good)), Problems::default(), "{good}");
        }
        for bad in [
            "hunter2",
            "http://:hunter2@h",
            "redis://:hunter2@h/x",
            "redis+sentinel://:hunter2@a,b",
        ] {
            let problems = problems(&cache(bad));
            assert_eq!(problems.sentences().len(), 1, "{bad}: {problems}");
            assert!(!problems.to_string().contains("hunter2"), "{problems}");
        }
    }

    #[test]
    fn certificates_come_in_pairs_and_from_files_that_are_there() {
        let lone = Cache {
            tls_key_file: Some("key.pem".into()),
            ..cache("rediss://a")
        };
        assert!(problems(&lone).to_string().contains("both or neither"));
        let missing = Cache {
            tls_root_file: Some("/no/such/roots.pem".into()),
            ..cache("rediss://a")
        };
        assert!(problems(&missing).to_string().starts_with("cache.tls_root_file: "));
    }
}
