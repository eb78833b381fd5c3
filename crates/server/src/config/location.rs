use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// What a password is shown as.
const HIDDEN: &str = "***";

/// Where a store is: a URL, whose passwords are `***` wherever it is written.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Location(String);

impl Location {
    /// The URL itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The URL as it may be shown. A URL that is malformed may hide a password anywhere, so that the most is taken for one
    /// that can be.
    pub(crate) fn shown(&self) -> String {
        if self.0.starts_with("sqlite:") {
            return self.0.clone();
        }
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return HIDDEN.into();
        };
        let rest = match rest.rsplit_once('@') {
            Some((user, place)) => match user.split_once(':') {
                Some((user, _)) => format!("{user}:{HIDDEN}@{place}"),
                None => rest.to_owned(),
            },
            None => rest.to_owned(),
        };
        let Some((place, query)) = rest.split_once('?') else {
            return format!("{scheme}://{rest}");
        };
        let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
            Some((name, _)) if name.contains("password") => format!("{name}={HIDDEN}"),
            _ => parameter.to_owned(),
        });
        format!("{scheme}://{place}?{}", parameters.collect::<Vec<_>>().join("&"))
    }
}

impl From<&str> for Location {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_stars_and_the_rest_is_as_it_was() {
        for (url, shown) in [
            ("sqlite:./data/a:b@c.db", "sqlite:./data/a:b@c.db"),
            ("postgres://h/d?sslmode=require", "postgres://h/d?sslmode=require"),
            ("postgres://ada@h/d", "postgres://ada@h/d"),
            (
                "postgres://ada:hunter2@h:5432/d?sslmode=require",
                "postgres://ada:***@h:5432/d?sslmode=require",
            ),
            ("postgres://ada:hunter2@2/:?@h/d", "postgres://ada:***@h/d"),
            (
                "postgres://h/d?user=ada&password=hunter2",
                "postgres://h/d?user=ada&password=***",
            ),
            ("rediss://:hunter2@h:6379/0", "rediss://:***@h:6379/0"),
            (
                "redis+sentinel://a,b/main?sentinel_username=u&sentinel_password=hunter2",
                "redis+sentinel://a,b/main?sentinel_username=u&sentinel_password=***",
            ),
            ("hunter2", "***"),
        ] {
            let location = Location::from(url);
            assert_eq!(location.shown(), shown);
            assert_eq!(format!("{location:?}"), shown);
        }
    }
}
