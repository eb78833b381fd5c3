//! Checks who may depend on whom: domain ← ports ← application ← adapters/http, and the server wires them together.

#[cfg(test)]
mod tests;

use anyhow::{Result, bail};

use crate::graph::{Graph, Purpose};

/// Frameworks, drivers and runtimes that the inner layers must not reach, directly or through others.
const HEAVY: [&str; 6] = ["actix-web", "diesel", "redis", "tokio", "josekit", "openssl"];

/// Where a crate stands. Its folder says so, so that a new adapter is held to the rules from its first commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Domain,
    Ports,
    Application,
    /// What the crates of the HTTP adapter share.
    Web,
    /// A part of the HTTP adapter: some of its endpoints.
    HttpPart,
    /// The HTTP adapter as a whole.
    Http,
    /// The reference store: an adapter that other crates may also test against.
    Memory,
    Adapter,
    Server,
    Testkit,
    /// An adapter that the documentation builds: held to an adapter's rules.
    Example,
    /// Measures the service from outside, with throwaway servers.
    Bench,
    /// Measures pieces of every layer from inside. It ships nothing.
    Microbench,
    Xtask,
}

impl Layer {
    fn of(folder: &str) -> Option<Self> {
        Some(match folder {
            "crates/domain" => Self::Domain,
            "crates/ports" => Self::Ports,
            "crates/application" => Self::Application,
            "crates/adapters/http" => Self::Http,
            "crates/adapters/http/web" => Self::Web,
            "crates/adapters/memory" => Self::Memory,
            "crates/server" => Self::Server,
            "crates/testkit" => Self::Testkit,
            "crates/bench" => Self::Bench,
            "crates/microbench" => Self::Microbench,
            "crates/xtask" => Self::Xtask,
            other if other.starts_with("crates/adapters/http/") => Self::HttpPart,
            other if other.starts_with("crates/adapters/") => Self::Adapter,
            other if other.starts_with("crates/examples/") => Self::Example,
            _ => return None,
        })
    }

    fn may_ship(self, used: Self) -> bool {
        match self {
            Self::Domain | Self::Microbench | Self::Xtask => false,
            Self::Ports => used == Self::Domain,
            Self::Application | Self::Adapter | Self::Memory | Self::Testkit | Self::Example => {
                matches!(used, Self::Domain | Self::Ports)
            }
            Self::Web => matches!(used, Self::Domain | Self::Application),
            Self::HttpPart => matches!(used, Self::Domain | Self::Application | Self::Web),
            Self::Http => matches!(used, Self::Domain | Self::Application | Self::Web | Self::HttpPart),
            Self::Bench => used == Self::Testkit,
            Self::Server => used.is_part_of_the_service(),
        }
    }

    fn may_test_with(self, used: Self) -> bool {
        self.may_ship(used)
            || matches!(used, Self::Testkit | Self::Memory)
            || (self == Self::Microbench && used.is_part_of_the_service())
    }

    fn is_part_of_the_service(self) -> bool {
        !matches!(
            self,
            Self::Testkit | Self::Example | Self::Bench | Self::Microbench | Self::Xtask
        )
    }

    fn is_inner(self) -> bool {
        matches!(self, Self::Domain | Self::Ports | Self::Application)
    }
}

/// A sentence when every edge is allowed, else an error that lists those that are not.
pub(crate) fn check(graph: &Graph) -> Result<String> {
    let violations = violations(graph);
    if !violations.is_empty() {
        bail!("layers:\n  {}", violations.join("\n  "));
    }
    let edges: usize = graph
        .members()
        .map(|(_, package, _)| {
            let inside = |at: usize| graph.packages[at].folder.is_some();
            package.uses.iter().filter(|u| inside(u.package)).count()
        })
        .sum();
    let crates = graph.members().count();
    Ok(format!(
        "layers: {crates} crates, {edges} edges between them, none forbidden"
    ))
}

fn violations(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for (at, package, folder) in graph.members() {
        let name = &package.name;
        let Some(layer) = Layer::of(folder) else {
            found.push(format!(
                "{name}: no layer is known for {folder}; give it one in crates/xtask/src/layers.rs"
            ));
            continue;
        };
        for used in &package.uses {
            let target = &graph.packages[used.package];
            let Some(target_layer) = target.folder.as_deref().and_then(Layer::of) else {
                continue;
            };
            let (allowed, section) = match used.purpose {
                Purpose::Ship => (layer.may_ship(target_layer), "dependencies"),
                Purpose::Develop => (layer.may_test_with(target_layer), "dev-dependencies"),
            };
            if !allowed {
                found.push(format!("{name} must not list {} in its {section}", target.name));
            }
        }
        if layer.is_inner() {
            found.extend(heavy_paths(graph, at));
        }
    }
    found
}

/// One line per heavy dependency reached, with the path that leads to it.
fn heavy_paths(graph: &Graph, from: usize) -> Vec<String> {
    let reached = graph.shipped_with(from);
    reached
        .keys()
        .filter(|at| HEAVY.contains(&graph.packages[**at].name.as_str()))
        .map(|heavy| {
            let mut names = Vec::new();
            let mut step = Some(*heavy);
            while let Some(at) = step {
                names.push(graph.packages[at].name.as_str());
                step = reached.get(&at).copied().flatten();
            }
            names.reverse();
            format!(
                "{} is too heavy for an inner layer: {}",
                graph.packages[*heavy].name,
                names.join(" → ")
            )
        })
        .collect()
}
