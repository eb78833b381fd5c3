//! The crates that are published: that `cargo package` has nothing to say about them, and that each package holds what it
//! needs and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use cargo_metadata::camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use cargo_metadata::{Metadata, Package};

use crate::process;

/// At the root of the workspace, and the same in every package.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// What else a package has beside its manifest, which cargo adds to.
const FILES: [&str; 5] = [
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "README.md",
];

const FOLDERS: [&str; 3] = ["examples", "src", "tests"];

/// The crates that go to a registry, those that others need before them: the order of a release.
pub(crate) fn published(metadata: &Metadata) -> Vec<&Package> {
    let mut waiting: Vec<&Package> = metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| package.publish.as_ref().is_none_or(|registries| !registries.is_empty()))
        .collect();
    waiting.sort_by(|one, other| one.name.cmp(&other.name));
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let names: BTreeSet<String> = waiting.iter().map(|package| package.name.to_string()).collect();
        let is_ready = |package: &&Package| !package.dependencies.iter().any(|used| names.contains(&used.name));
        let (ready, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
        if ready.is_empty() {
            // A circle, which `cargo package` refuses by name.
            ordered.extend(later);
            break;
        }
        ordered.extend(ready);
        waiting = later;
    }
    ordered
}

/// A sentence when every package is as it should be, else an error that lists what is wrong.
pub(crate) fn check(metadata: &Metadata) -> Result<String> {
    let packages = published(metadata);
    ensure!(!packages.is_empty(), "no crate of the workspace is published");
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut found = Vec::new();
    for package in &packages {
        let objections = manifest(package, &names);
        found.extend(
            objections
                .into_iter()
                .map(|objection| format!("{}: {objection}", package.name)),
        );
    }
    found.extend(package_all(metadata, &packages)?);
    for package in &packages {
        let folder = package.manifest_path.parent().context("a manifest in no folder")?;
        let objections = contents(&metadata.workspace_root, folder, &list(metadata, package)?)?;
        found.extend(
            objections
                .into_iter()
                .map(|objection| format!("{}: {objection}", package.name)),
        );
    }
    if !found.is_empty() {
        bail!("packages:\n  {}", found.join("\n  "));
    }
    let order: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    Ok(format!("packages: {}", order.join(", ")))
}

/// What a registry wants to know, and that everything needed can be had there.
fn manifest(package: &Package, published: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    for (field, is_there) in [
        ("description", package.description.is_some()),
        ("license", package.license.is_some()),
        ("documentation", package.documentation.is_some()),
        ("readme", package.readme.is_some()),
        ("keywords", (1..=5).contains(&package.keywords.len())),
        ("categories", (1..=5).contains(&package.categories.len())),
        ("rust-version", package.rust_version.is_some()),
        ("metadata.docs.rs", package.metadata.pointer("/docs/rs").is_some()),
    ] {
        if !is_there {
            found.push(format!("the manifest has no {field}"));
        }
    }
    for used in package.dependencies.iter().filter(|used| used.path.is_some()) {
        if !published.contains(used.name.as_str()) {
            found.push(format!("needs {}, which is not published", used.name));
        }
        if used.req.comparators.is_empty() {
            found.push(format!("needs {} in any version", used.name));
        }
    }
    found
}

/// Packages them together, so that they find each other without a registry; not built again. A line per warning.
fn package_all(metadata: &Metadata, packages: &[&Package]) -> Result<Vec<String>> {
    let run = |network: &[&str]| {
        let mut command = cargo(metadata, &["package", "--no-verify", "--allow-dirty"]);
        for package in packages {
            command.args(["--package", package.name.as_str()]);
        }
        command
            .args(network)
            .stdin(Stdio::null())
            .output()
            .context("starting cargo package")
    };
    // The registry's index is asked only on a machine that has not seen all of it yet.
    let output = match run(&["--offline"])? {
        offline if offline.status.success() => offline,
        _ => run(&[])?,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "cargo package failed ({}):\n{said}",
        output.status
    );
    let warnings = said.lines().filter(|line| line.starts_with("warning"));
    Ok(warnings.map(|warning| format!("cargo package: {warning}")).collect())
}

fn list(metadata: &Metadata, package: &Package) -> Result<Vec<Utf8PathBuf>> {
    let words = [
        "package",
        "--quiet",
        "--list",
        "--offline",
        "--allow-dirty",
        "--package",
    ];
    let mut command = cargo(metadata, &words);
    let output = command.arg(package.name.as_str()).stdin(Stdio::null()).output();
    let output = output.context("starting cargo package --list")?;
    ensure!(
        output.status.success(),
        "cargo package --list failed ({}):\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(Utf8PathBuf::from)
        .collect())
}

/// What is missing in a package's list of files, what has no place there, and what its code embeds from elsewhere.
fn contents(root: &Utf8Path, folder: &Utf8Path, files: &[Utf8PathBuf]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let has = |path: &Utf8Path| files.iter().any(|file| file == path);
    for name in LICENCES {
        // A link, where the system has links: cargo packages the file that it leads to.
        let same = has(name.into()) && fs::read(folder.join(name)).ok() == Some(read(&root.join(name))?.into_bytes());
        if !same {
            found.push(format!("{name} is not the one of the workspace"));
        }
    }
    for name in ["README.md", "src/lib.rs"] {
        if !has(name.into()) {
            found.push(format!("{name} is missing"));
        }
    }
    for file in files {
        let first = file.components().next().map_or("", |component| component.as_str());
        let expected = FILES.contains(&file.as_str()) || LICENCES.contains(&file.as_str()) || FOLDERS.contains(&first);
        if !expected {
            found.push(format!("{file} has no place in the package"));
        }
        if file.extension() == Some("rs") {
            for embedded in embedded(&read(&folder.join(file))?) {
                let path = normal(&file.with_file_name("").join(&embedded));
                if !path.as_deref().is_some_and(has) {
                    found.push(format!("{file} embeds {embedded}, which is not in the package"));
                }
            }
        }
    }
    Ok(found)
}

/// The files that a source names in `include!`, `include_str!` and `include_bytes!`.
fn embedded(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for call in ["include!(\"", "include_str!(\"", "include_bytes!(\""] {
        let ends = source.split(call).skip(1).filter_map(|rest| rest.split_once('"'));
        found.extend(ends.map(|(path, _)| path.to_owned()));
    }
    found
}

/// The path without `..`; `None` when it leads out of the package.
fn normal(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let mut normal = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            Utf8Component::Normal(name) => normal.push(name),
            Utf8Component::ParentDir if normal.pop() => {}
            Utf8Component::CurDir => {}
            _ => return None,
        }
    }
    Some(normal)
}

fn cargo(metadata: &Metadata, words: &[&str]) -> Command {
    let mut command = process::cargo(metadata);
    command.args(words).env("CARGO_TERM_COLOR", "never");
    command
}

fn read(path: &Utf8Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {path}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A workspace's root with the licences, and a package's folder below it.
    fn workspace() -> (tempfile::TempDir, Utf8PathBuf, Utf8PathBuf) {
        let kept = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(kept.path().to_owned()).unwrap();
        let folder = root.join("crates/one");
        fs::create_dir_all(folder.join("src/deep")).unwrap();
        for name in LICENCES {
            fs::write(root.join(name), name).unwrap();
            fs::write(folder.join(name), name).unwrap();
        }
        fs::write(folder.join("README.md"), "# one").unwrap();
        fs::write(folder.join("src/lib.rs"), "mod deep;").unwrap();
        fs::write(
            folder.join("src/deep/mod.rs"),
            "const A: &str = include_str!(\"../a.txt\");",
        )
        .unwrap();
        fs::write(folder.join("src/a.txt"), "a").unwrap();
        (kept, root, folder)
    }

    const LIST: [&str; 7] = [
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "src/a.txt",
        "src/deep/mod.rs",
        "src/lib.rs",
    ];

    fn objections(root: &Utf8Path, folder: &Utf8Path, files: &[&str]) -> String {
        let files: Vec<Utf8PathBuf> = files.iter().map(Utf8PathBuf::from).collect();
        contents(root, folder, &files).unwrap().join("\n")
    }

    #[test]
    fn a_whole_package_is_not_objected_to() {
        let (_kept, root, folder) = workspace();
        assert_eq!(objections(&root, &folder, &LIST), "");
    }

    #[test]
    fn a_package_without_licence_or_readme_is_not_whole() {
        let (_kept, root, folder) = workspace();
        let found = objections(&root, &folder, &["Cargo.toml", "LICENSE-MIT", "src/lib.rs"]);
        assert_eq!(
            found,
            "LICENSE-APACHE is not the one of the workspace\nREADME.md is missing"
        );
        fs::write(folder.join("LICENSE-MIT"), "another").unwrap();
        assert_eq!(
            objections(&root, &folder, &LIST),
            "LICENSE-MIT is not the one of the workspace"
        );
    }

    #[test]
    fn what_nobody_needs_has_no_place() {
        let (_kept, root, folder) = workspace();
        let files = [&LIST[..], &["public-api.txt"]].concat();
        assert_eq!(
            objections(&root, &folder, &files),
            "public-api.txt has no place in the package"
        );
    }

    #[test]
    fn what_is_embedded_must_be_in_the_package() {
        let (_kept, root, folder) = workspace();
        let without: Vec<&str> = LIST.into_iter().filter(|file| *file != "src/a.txt").collect();
        let found = objections(&root, &folder, &without);
        assert_eq!(found, "src/deep/mod.rs embeds ../a.txt, which is not in the package");
        fs::write(folder.join("src/lib.rs"), "include_bytes!(\"../../../up.sql\")").unwrap();
        let found = objections(&root, &folder, &LIST);
        assert_eq!(found, "src/lib.rs embeds ../../../up.sql, which is not in the package");
    }
}
