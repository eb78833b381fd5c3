//! A scrape, read as Prometheus reads it.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::Service;

/// Serves metrics on a free port.
pub(crate) const ON: (&str, &str) = ("INFORMER_OAUTH__HTTP__METRICS_LISTEN", "127.0.0.1:0");

/// Where the service says that its metrics are.
pub(crate) fn address(service: &Service) -> Option<String> {
    let greeting = service.stdout();
    let line = greeting.lines().find(|line| line.trim().starts_with("Metrics "))?;
    line.split_whitespace().last().map(str::to_owned)
}

/// The samples of one scrape.
pub(crate) struct Scrape {
    pub(crate) text: String,
    /// By series: the name with its labels in order.
    samples: BTreeMap<String, f64>,
}

impl Scrape {
    #[track_caller]
    pub(crate) fn of(service: &Service) -> Self {
        let address = address(service).expect("the service serves metrics");
        let answer = reqwest::blocking::get(&address).unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4");
        Self::read(answer.text().unwrap())
    }

    fn read(text: String) -> Self {
        let samples = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let (series, value) = line.rsplit_once(' ').unwrap();
                (series.to_owned(), value.parse().unwrap())
            })
            .collect();
        Self { text, samples }
    }

    /// The sum over the series of a metric that have all these labels.
    #[track_caller]
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let mut found = self.with(name, labels).peekable();
        assert!(found.peek().is_some(), "no {name} with {labels:?} in\n{}", self.text);
        found.sum()
    }

    /// The same, where there may be no such series yet.
    pub(crate) fn sum_or_zero(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.with(name, labels).fold(0.0, |sum, value| sum + value)
    }

    fn with(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = f64> {
        self.samples
            .iter()
            .filter(move |(series, _)| {
                let (own, rest) = series.split_once('{').unwrap_or((series, ""));
                own == name
                    && labels
                        .iter()
                        .all(|(label, value)| format!("{{{rest}").contains(&format!("{label}=\"{value}\"")))
            })
            .map(|(_, value)| *value)
    }

    /// The values that a label has anywhere.
    pub(crate) fn values_of(&self, label: &str) -> BTreeSet<&str> {
        let label = format!("{label}=\"");
        self.samples
            .keys()
            .filter_map(|series| {
                series
                    .match_indices(&label)
                    // Not the end of a longer label's name.
                    .find(|(at, _)| series[..*at].ends_with(['{', ',']))
                    .and_then(|(at, _)| series[at + label.len()..].split('"').next())
            })
            .collect()
    }

    /// The names of the metrics, of a histogram without its suffixes.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let typed = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        typed.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    }
}
