use serde::{Deserialize, Serialize};
use url::Url;

use super::Problems;

/// `telemetry.*`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Telemetry {
    /// Where traces are sent, as OTLP over HTTP; nowhere by default.
    pub(crate) otlp_endpoint: Option<String>,
    /// Which part of the traces that begin here is sent, 0 to 1.
    pub(crate) sample_ratio: f64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            sample_ratio: 1.0,
        }
    }
}

impl Telemetry {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.given().is_some() && self.traces_url().is_none() {
            let message =
                "must be an http or https address without user, query and fragment, such as http://127.0.0.1:4318";
            problems.add("telemetry.otlp_endpoint", message);
        }
        problems.range("telemetry.sample_ratio", self.sample_ratio, 0.0..=1.0);
    }

    fn given(&self) -> Option<&str> {
        self.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty())
    }

    /// Where traces are sent: the endpoint with the signal's path, as OpenTelemetry derives it (OTLP exporter specification,
    /// endpoint URLs for OTLP/HTTP).
    pub(crate) fn traces_url(&self) -> Option<Url> {
        const PATH: &str = "/v1/traces";
        let mut url = Url::parse(self.given()?).ok()?;
        let fits = matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let base = url.path().trim_end_matches('/');
        if !base.ends_with(PATH) {
            let path = format!("{base}{PATH}");
            url.set_path(&path);
        }
        fits.then_some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telemetry(endpoint: &str) -> Telemetry {
        Telemetry {
            otlp_endpoint: Some(endpoint.into()),
            ..Telemetry::default()
        }
    }

    #[test]
    fn traces_go_to_their_own_path_below_the_endpoint() {
        for (endpoint, expected) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://127.0.0.1:4318/v1/traces", "http://127.0.0.1:4318/v1/traces"),
            (
                "https://collector.example/otlp/",
                "https://collector.example/otlp/v1/traces",
            ),
        ] {
            let url = telemetry(endpoint).traces_url().map(String::from);
            assert_eq!(url.as_deref(), Some(expected));
        }
        assert_eq!(telemetry("").traces_url(), None);
        assert_eq!(Telemetry::default().traces_url(), None);
    }

    #[test]
    fn what_is_no_endpoint_is_refused_without_a_password_in_it() {
        for wrong in [
            "127.0.0.1:4318",
            "ftp://a",
            "http://user:hunter2@a",
            "http://a?key=hunter2",
        ] {
            let mut problems = Problems::default();
            telemetry(wrong).validate(&mut problems);
            assert_eq!(problems.sentences().len(), 1, "{wrong}");
            assert!(!problems.to_string().contains("hunter2"));
        }
        for ratio in [-0.1, 1.1, f64::NAN] {
            let mut problems = Problems::default();
            Telemetry {
                sample_ratio: ratio,
                ..Telemetry::default()
            }
            .validate(&mut problems);
            assert_eq!(problems.sentences().len(), 1, "{ratio}");
        }
    }
}
