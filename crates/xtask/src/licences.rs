//! Licences and sources of everything shipped, against the lists in `deny.toml`: what `cargo deny check licenses sources`
//! says, without having to install it.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::camino::Utf8Path;
use spdx::{Expression, Licensee, ParseMode};

use crate::graph::Graph;

/// A sentence when every dependency is allowed, else an error that lists those that are not.
pub(crate) fn check(graph: &Graph, root: &Utf8Path) -> Result<String> {
    let path = root.join("deny.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let allowed = allowed(&text)?;
    let (checked, violations) = violations(graph, &allowed);
    if !violations.is_empty() {
        bail!("licences:\n  {}", violations.join("\n  "));
    }
    Ok(format!(
        "licences: {checked} packages, all from crates.io and under a licence that deny.toml allows"
    ))
}

fn allowed(deny: &str) -> Result<Vec<Licensee>> {
    let table: toml::Table = deny.parse().context("deny.toml")?;
    table
        .get("licenses")
        .and_then(|licences| licences.get("allow"))
        .and_then(toml::Value::as_array)
        .context("deny.toml lists nothing under [licenses] allow")?
        .iter()
        .map(|entry| {
            let entry = entry.as_str().context("a licence that is not a string")?;
            Licensee::parse(entry).with_context(|| format!("deny.toml: {entry}"))
        })
        .collect()
}

/// How many packages were looked at, and a line per violation.
fn violations(graph: &Graph, allowed: &[Licensee]) -> (usize, Vec<String>) {
    let mut found = Vec::new();
    // Development dependencies too come from crates.io only; their licences do not reach anyone.
    for package in &graph.packages {
        if let Some(source) = &package.foreign_source {
            found.push(format!("{} {}: comes from {source}", package.name, package.version));
        }
    }
    let shipped: BTreeSet<usize> = graph
        .members()
        .flat_map(|(at, _, _)| graph.shipped_with(at).into_keys())
        .collect();
    for at in &shipped {
        let package = &graph.packages[*at];
        let verdict = match &package.licence {
            None => Some("names no licence".to_owned()),
            Some(licence) => objection(licence, allowed),
        };
        if let Some(verdict) = verdict {
            found.push(format!("{} {}: {verdict}", package.name, package.version));
        }
    }
    (shipped.len(), found)
}

/// Why a licence expression cannot be satisfied, if it cannot.
fn objection(licence: &str, allowed: &[Licensee]) -> Option<String> {
    // Lax: older manifests write `MIT/Apache-2.0`, which Cargo reads as OR.
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Err(error) => Some(format!("licence `{licence}` is no SPDX expression: {error}")),
        Ok(expression) => {
            let met = expression.evaluate(|asked| allowed.iter().any(|one| one.satisfies(asked)));
            (!met).then(|| format!("licence `{licence}` is not one deny.toml allows"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{allowed, objection, violations};
    use crate::graph::{Graph, Package, Purpose, Use};

    const DENY: &str = "[licenses]\nallow = [\"MIT\", \"Unicode-3.0\"]\n";

    #[test]
    fn a_licence_is_met_when_its_expression_is() {
        let allowed = allowed(DENY).unwrap();
        for licence in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert_eq!(objection(licence, &allowed), None, "{licence}");
        }
        for licence in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "Apache-2.0",
            "LicenseRef-none",
            "as you like",
        ] {
            assert!(objection(licence, &allowed).is_some(), "{licence}");
        }
    }

    #[test]
    fn a_deny_toml_without_a_list_is_refused() {
        assert!(allowed("[licenses]\n").is_err());
        assert!(allowed("[licenses]\nallow = [\"no licence\"]\n").is_err());
    }

    #[test]
    fn a_shipped_package_counts_and_one_for_development_does_not() {
        let package = |name: &str, licence: &str| Package {
            name: name.to_owned(),
            licence: Some(licence.to_owned()),
            ..Package::default()
        };
        let mut root = package("root", "MIT");
        root.folder = Some("crates/root".to_owned());
        root.uses = vec![
            Use {
                package: 1,
                purpose: Purpose::Ship,
            },
            Use {
                package: 2,
                purpose: Purpose::Develop,
            },
        ];
        let graph = Graph {
            packages: vec![
                root,
                package("shipped", "GPL-3.0-only"),
                package("tests", "GPL-3.0-only"),
            ],
        };
        let (checked, found) = violations(&graph, &allowed(DENY).unwrap());
        assert_eq!(checked, 2);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("shipped "), "{found:?}");
    }

    #[test]
    fn a_package_from_elsewhere_or_without_a_licence_is_refused() {
        let graph = Graph {
            packages: vec![Package {
                name: "git".to_owned(),
                folder: Some("crates/git".to_owned()),
                foreign_source: Some("git+https://example.org/git".to_owned()),
                ..Package::default()
            }],
        };
        let (_, found) = violations(&graph, &allowed(DENY).unwrap());
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
