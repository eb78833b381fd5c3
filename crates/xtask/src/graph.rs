//! The dependency graph as `cargo metadata` resolves it: names, folders and edges.

use std::collections::{BTreeMap, VecDeque};

use anyhow::{Context as _, Result};
use cargo_metadata::{DependencyKind, Metadata};

/// Every package of the resolved workspace; packages name each other by index.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) packages: Vec<Package>,
}

#[derive(Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// For a crate of this workspace, its folder relative to the root.
    pub(crate) folder: Option<String>,
    pub(crate) uses: Vec<Use>,
}

/// One edge: a package uses another for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) package: usize,
    pub(crate) purpose: Purpose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Normal and build dependencies: part of what is shipped.
    Ship,
    /// Dev-dependencies: tests, examples and benches.
    Develop,
}

impl Graph {
    pub(crate) fn read(metadata: &Metadata) -> Result<Self> {
        let resolve = metadata
            .resolve
            .as_ref()
            .context("cargo metadata resolved no dependencies")?;
        let index: BTreeMap<_, _> = metadata
            .packages
            .iter()
            .enumerate()
            .map(|(at, package)| (&package.id, at))
            .collect();
        let mut packages: Vec<Package> = metadata
            .packages
            .iter()
            .map(|package| Package {
                name: package.name.to_string(),
                folder: metadata
                    .workspace_members
                    .contains(&package.id)
                    .then(|| package.manifest_path.parent())
                    .flatten()
                    .and_then(|folder| folder.strip_prefix(&metadata.workspace_root).ok())
                    .map(|folder| folder.as_str().replace('\\', "/")),
                uses: Vec::new(),
            })
            .collect();
        for node in &resolve.nodes {
            let user = *index.get(&node.id).context("a node without a package")?;
            for dependency in &node.deps {
                let package = *index.get(&dependency.pkg).context("a dependency without a package")?;
                for kind in &dependency.dep_kinds {
                    let purpose = if kind.kind == DependencyKind::Development {
                        Purpose::Develop
                    } else {
                        Purpose::Ship
                    };
                    packages[user].uses.push(Use { package, purpose });
                }
            }
            packages[user].uses.sort_unstable();
            packages[user].uses.dedup();
        }
        Ok(Self { packages })
    }

    /// The crates of this workspace, each with its folder.
    pub(crate) fn members(&self) -> impl Iterator<Item = (usize, &Package, &str)> {
        self.packages
            .iter()
            .enumerate()
            .filter_map(|(at, package)| Some((at, package, package.folder.as_deref()?)))
    }

    /// Everything shipped with `from`, itself included, each mapped to the package through which a shortest path
    /// reaches it (`None` for `from`).
    pub(crate) fn shipped_with(&self, from: usize) -> BTreeMap<usize, Option<usize>> {
        let mut reached = BTreeMap::from([(from, None)]);
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            for used in &self.packages[at].uses {
                if used.purpose == Purpose::Ship && !reached.contains_key(&used.package) {
                    reached.insert(used.package, Some(at));
                    queue.push_back(used.package);
                }
            }
        }
        reached
    }
}
