#![allow(clippy::unwrap_used)]

use super::{check, violations};
use crate::graph::{Graph, Package, Purpose, Use};

/// The workspace as designed; crates outside it have no folder.
const CRATES: [(&str, Option<&str>); 19] = [
    ("domain", Some("crates/domain")),
    ("ports", Some("crates/ports")),
    ("application", Some("crates/application")),
    ("http", Some("crates/adapters/http")),
    ("web", Some("crates/adapters/http/web")),
    ("pages", Some("crates/adapters/http/pages")),
    ("management", Some("crates/adapters/http/management")),
    ("sqlite", Some("crates/adapters/sqlite")),
    ("memory", Some("crates/adapters/memory")),
    ("server", Some("crates/server")),
    ("testkit", Some("crates/testkit")),
    ("example", Some("crates/examples/file-codes")),
    ("bench", Some("crates/bench")),
    ("microbench", Some("crates/microbench")),
    ("xtask", Some("crates/xtask")),
    ("actix-web", None),
    ("tokio", None),
    ("moka", None),
    ("url", None),
];

const ALLOWED: [(&str, &str, Purpose); 27] = [
    ("ports", "domain", Purpose::Ship),
    ("application", "domain", Purpose::Ship),
    ("application", "ports", Purpose::Ship),
    ("application", "moka", Purpose::Ship),
    ("application", "memory", Purpose::Develop),
    ("application", "tokio", Purpose::Develop),
    ("domain", "url", Purpose::Ship),
    ("http", "application", Purpose::Ship),
    ("http", "domain", Purpose::Ship),
    ("http", "actix-web", Purpose::Ship),
    ("http", "web", Purpose::Ship),
    ("http", "pages", Purpose::Ship),
    ("pages", "web", Purpose::Ship),
    ("pages", "application", Purpose::Ship),
    ("web", "application", Purpose::Ship),
    ("actix-web", "tokio", Purpose::Ship),
    ("sqlite", "ports", Purpose::Ship),
    ("sqlite", "testkit", Purpose::Develop),
    ("memory", "ports", Purpose::Ship),
    ("testkit", "ports", Purpose::Ship),
    ("example", "ports", Purpose::Ship),
    ("example", "memory", Purpose::Develop),
    ("bench", "testkit", Purpose::Ship),
    ("microbench", "http", Purpose::Develop),
    ("microbench", "sqlite", Purpose::Develop),
    ("server", "http", Purpose::Ship),
    ("server", "sqlite", Purpose::Ship),
];

fn at(name: &str) -> usize {
    CRATES.iter().position(|(other, _)| *other == name).unwrap()
}

fn graph(more: &[(&str, &str, Purpose)]) -> Graph {
    let mut packages: Vec<Package> = CRATES
        .iter()
        .map(|(name, folder)| Package {
            name: (*name).to_owned(),
            folder: folder.map(str::to_owned),
            ..Package::default()
        })
        .collect();
    for (user, used, purpose) in ALLOWED.iter().chain(more) {
        packages[at(user)].uses.push(Use {
            package: at(used),
            purpose: *purpose,
        });
    }
    Graph { packages }
}

fn only_violation(more: &[(&str, &str, Purpose)]) -> String {
    let mut found = violations(&graph(more));
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn the_designed_workspace_passes() {
    let sentence = check(&graph(&[])).unwrap();
    assert!(sentence.starts_with("layers: 15 crates, 22 edges"), "{sentence}");
}

#[test]
fn an_inner_layer_may_not_see_an_outer_one() {
    for (user, used) in [
        ("domain", "ports"),
        ("ports", "application"),
        ("application", "http"),
        ("application", "sqlite"),
        ("application", "server"),
    ] {
        let found = violations(&graph(&[(user, used, Purpose::Ship)]));
        let line = format!("{user} must not list {used} in its dependencies");
        assert!(found.contains(&line), "{found:?}");
    }
}

#[test]
fn adapters_do_not_see_each_other() {
    assert_eq!(
        only_violation(&[("sqlite", "memory", Purpose::Ship)]),
        "sqlite must not list memory in its dependencies"
    );
    assert_eq!(
        only_violation(&[("http", "sqlite", Purpose::Develop)]),
        "http must not list sqlite in its dev-dependencies"
    );
}

#[test]
fn a_store_does_not_see_the_application_and_http_does_not_see_the_ports() {
    only_violation(&[("sqlite", "application", Purpose::Ship)]);
    only_violation(&[("http", "ports", Purpose::Ship)]);
}

#[test]
fn parts_of_the_http_adapter_share_only_what_is_below_them() {
    only_violation(&[("pages", "management", Purpose::Ship)]);
    only_violation(&[("web", "pages", Purpose::Ship)]);
    only_violation(&[("pages", "http", Purpose::Ship)]);
    only_violation(&[("pages", "ports", Purpose::Ship)]);
    only_violation(&[("sqlite", "web", Purpose::Ship)]);
}

#[test]
fn testkit_is_for_tests_only() {
    only_violation(&[("server", "testkit", Purpose::Ship)]);
    assert!(violations(&graph(&[("server", "testkit", Purpose::Develop)])).is_empty());
}

#[test]
fn the_bench_measures_from_outside() {
    only_violation(&[("bench", "application", Purpose::Ship)]);
    only_violation(&[("server", "bench", Purpose::Ship)]);
}

#[test]
fn the_microbenches_see_every_layer_and_ship_none() {
    only_violation(&[("microbench", "domain", Purpose::Ship)]);
    only_violation(&[("microbench", "bench", Purpose::Develop)]);
    only_violation(&[("server", "microbench", Purpose::Ship)]);
    only_violation(&[("domain", "microbench", Purpose::Develop)]);
}

#[test]
fn nothing_depends_on_xtask_nor_xtask_on_a_layer() {
    only_violation(&[("server", "xtask", Purpose::Ship)]);
    only_violation(&[("xtask", "domain", Purpose::Ship)]);
}

#[test]
fn a_heavy_dependency_is_found_through_others_and_its_path_is_named() {
    assert_eq!(
        only_violation(&[("moka", "tokio", Purpose::Ship)]),
        "tokio is too heavy for an inner layer: application → moka → tokio"
    );
}

#[test]
fn what_a_dependency_tests_with_is_not_reached() {
    assert!(violations(&graph(&[("moka", "tokio", Purpose::Develop)])).is_empty());
}

#[test]
fn a_crate_in_an_unknown_folder_is_refused() {
    let mut graph = graph(&[]);
    graph.packages.push(Package {
        name: "stray".to_owned(),
        folder: Some("crates/stray".to_owned()),
        ..Package::default()
    });
    let error = check(&graph).unwrap_err().to_string();
    assert!(error.contains("stray: no layer is known"), "{error}");
}
