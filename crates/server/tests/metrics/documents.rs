//! The page about monitoring, the dashboard and the alert rules speak of what is really served, and of all of it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    scrape::{ON, Scrape},
    support::World,
};

fn file(path: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A scrape of a service that has done a little of everything.
fn scrape() -> Scrape {
    let world = World::start_with(&[ON]);
    let client = world.public_client();
    let tokens = world.tokens(&client);
    world.refreshed(&client, tokens.refresh());
    world.gate("GET", "/api/datasets", Some(&tokens.access));
    Scrape::of(&world.service)
}

/// The metrics that a text names, of a histogram without its suffixes.
fn named(text: &str) -> BTreeSet<String> {
    const PREFIX: &str = "informer_oauth_";
    text.match_indices(PREFIX)
        // Not the end of another word: `__name__`, paths.
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '/'))
        .map(|(at, _)| {
            let name = &text[at..];
            let end = name.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            let name = &name[..end.unwrap_or(name.len())];
            ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .unwrap_or(name)
                .to_owned()
        })
        .collect()
}

/// The values that a text asks labels for with `=` or `=~`, of some labels whose values are all known beforehand.
fn asked(text: &str, label: &str) -> Vec<String> {
    let text = text.replace("\\\"", "\"");
    let mut found = Vec::new();
    for operator in ["=\"", "=~\""] {
        for part in text.split(&format!("{label}{operator}")).skip(1) {
            let values = part.split('"').next().unwrap();
            found.extend(values.split('|').map(str::to_owned));
        }
    }
    found
}

#[test]
fn the_page_lists_every_metric_and_every_metric_that_it_lists_is_served() {
    let scrape = scrape();
    assert!(scrape.names().len() > 15, "{:?}", scrape.names());
    assert!(scrape.names().iter().all(|name| name.starts_with("informer_oauth_")));
    let page = file("docs/monitoring.md");
    let rows: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `informer_oauth_"))
        .map(|row| format!("informer_oauth_{}", row.split('`').next().unwrap()))
        .collect();
    assert_eq!(rows, scrape.names(), "the table");
    assert_eq!(named(&page), scrape.names(), "the whole page");
}

#[test]
fn every_metric_has_a_help_text() {
    let scrape = scrape();
    for name in scrape.names() {
        let help = scrape
            .text
            .lines()
            .find(|line| line.starts_with(&format!("# HELP {name} ")));
        assert!(
            help.is_some_and(|line| line.ends_with('.') || line.contains("label")),
            "{name}: {help:?}"
        );
    }
}

#[test]
fn the_dashboard_shows_every_metric_and_asks_for_none_that_is_not_served() {
    let scrape = scrape();
    let dashboard: Value = serde_json::from_str(&file("deploy/grafana/informer-oauth.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut shown = BTreeSet::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().unwrap_or_else(|| panic!("{panel}"));
        assert!(!targets.is_empty() && panel["title"].is_string(), "{panel}");
        for target in targets {
            let expression = target["expr"].as_str().unwrap();
            let names = named(expression);
            assert!(!names.is_empty(), "{expression}");
            shown.extend(names);
            for kind in asked(expression, "kind") {
                assert!(scrape.values_of("kind").contains(kind.as_str()), "{kind}");
            }
        }
    }
    assert_eq!(shown, scrape.names());
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
}

#[test]
fn the_rules_ask_for_what_is_served_and_the_page_explains_each_of_them() {
    let scrape = scrape();
    let rules = file("deploy/prometheus/rules.yml");
    let unknown: Vec<String> = named(&rules).difference(&scrape.names()).cloned().collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    for label in ["kind", "pool"] {
        for value in asked(&rules, label) {
            assert!(scrape.values_of(label).contains(value.as_str()), "{label}: {value}");
        }
    }
    assert!(asked(&rules, "kind").len() >= 6);
    let alerts: BTreeSet<&str> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    let page = file("docs/monitoring.md");
    let explained: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `InformerOauth"))
        .map(|row| row.split('`').next().unwrap())
        .collect();
    let alerts: BTreeSet<&str> = alerts
        .iter()
        .filter_map(|name| name.strip_prefix("InformerOauth"))
        .collect();
    assert!(alerts.len() > 10);
    assert_eq!(alerts, explained);
}
