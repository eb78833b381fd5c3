//! What the published crates promise: their public items, kept in `public-api.txt` beside each manifest and compared with
//! what rustdoc finds in the code.

mod difference;
mod items;
#[cfg(test)]
mod tests;

use std::env;
use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail, ensure};
use cargo_metadata::camino::Utf8PathBuf;
use cargo_metadata::{Metadata, Package};

use crate::packages::published;
use crate::process::{cargo, succeed};
use difference::Difference;

/// Set where this program stands in for rustdoc: which rustdoc it is to start.
const AS_RUSTDOC: &str = "INFORMER_OAUTH_XTASK_AS_RUSTDOC";

/// When cargo calls this program as its rustdoc: runs the real one with unstable options allowed, which its JSON still is.
/// Cargo itself must not see that variable: build scripts look at it, and everything would be built a second time.
pub(crate) fn as_rustdoc() -> Option<ExitCode> {
    let rustdoc = env::var_os(AS_RUSTDOC)?;
    let status = Command::new(&rustdoc)
        .args(env::args_os().skip(1))
        .env("RUSTC_BOOTSTRAP", "1")
        .status();
    Some(match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: starting {}: {error}", rustdoc.display());
            ExitCode::FAILURE
        }
    })
}

/// A sentence when every snapshot says what is there; with `write`, the snapshots are made so.
pub(crate) fn check(metadata: &Metadata, write: bool) -> Result<String> {
    let packages = published(metadata);
    ensure!(!packages.is_empty(), "no crate of the workspace is published");
    document(metadata, &packages)?;
    let (mut count, mut differing) = (0, Vec::new());
    for package in packages {
        let found = items::of(&json(metadata, package)?)?;
        count += found.len();
        let path = snapshot(package)?;
        let text = format!("{} {}\n{}\n", package.name, package.version, found.join("\n"));
        // An absent snapshot is an empty one: everything is new then.
        let kept = fs::read_to_string(&path).unwrap_or_default();
        if kept == text {
            continue;
        }
        let difference = Difference::between(&kept, &text);
        println!("{path}:\n{difference}");
        if write {
            fs::write(&path, text).with_context(|| format!("writing {path}"))?;
        } else {
            differing.push(format!("{}: {}", package.name, difference.advice()));
        }
    }
    if !differing.is_empty() {
        bail!(
            "the public items are not those of public-api.txt; when that is meant, run \
             `cargo xtask public-api --write` and commit what it writes\n  {}",
            differing.join("\n  ")
        );
    }
    Ok(format!(
        "public-api: {count} public items, each in its crate's public-api.txt"
    ))
}

/// Has rustdoc write the JSON of `packages`, with all features, as docs.rs shows them.
fn document(metadata: &Metadata, packages: &[&Package]) -> Result<()> {
    for package in packages {
        // So that nothing older is taken for what is there now.
        let path = json(metadata, package)?;
        if path.exists() {
            fs::remove_file(&path).with_context(|| format!("removing {path}"))?;
        }
    }
    let mut command = cargo(metadata);
    command
        .args(["doc", "--quiet", "--no-deps", "--lib", "--all-features"])
        .env("RUSTDOC", env::current_exe().context("where this program is")?)
        .env(AS_RUSTDOC, env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into()))
        .env(
            "RUSTDOCFLAGS",
            "-Zunstable-options --output-format=json --cap-lints=allow",
        );
    for package in packages {
        command.args(["--package", package.name.as_str()]);
    }
    succeed(&mut command)
}

fn json(metadata: &Metadata, package: &Package) -> Result<Utf8PathBuf> {
    let library = package.targets.iter().find(|target| target.is_lib());
    let library = library.with_context(|| format!("{} is published and has no library", package.name))?;
    let file = format!("{}.json", library.name.replace('-', "_"));
    Ok(metadata.target_directory.join("doc").join(file))
}

fn snapshot(package: &Package) -> Result<Utf8PathBuf> {
    let folder = package.manifest_path.parent().context("a manifest in no folder")?;
    Ok(folder.join("public-api.txt"))
}
