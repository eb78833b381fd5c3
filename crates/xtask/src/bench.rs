//! `cargo xtask bench`: builds the service and the bench with the `dist` profile, as in the images, and runs the bench.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context as _, Result};
use cargo_metadata::Metadata;

use crate::process::{cargo, succeed};
use crate::programs::{self, Program};
use crate::suites::NodeSuite;

const SERVICE: &str = "informer-oauth";
const BENCH: &str = "informer-oauth-bench";
/// The bench's own option.
const NO_PEER: &str = "--no-peer";

/// What the service is compared with.
pub(crate) fn peer(metadata: &Metadata) -> NodeSuite {
    NodeSuite {
        folder: metadata.workspace_root.join("crates/bench/peer").into(),
    }
}

/// Whether the run went well; what it is told is told the bench.
pub(crate) fn run(metadata: &Metadata, words: &[OsString]) -> Result<bool> {
    let root = &metadata.workspace_root;
    if !words.iter().any(|word| word == "--help" || word == "-h") {
        programs::provide(&[programs::SERVERS, &[Program::Nginx]].concat())?;
        if !words.iter().any(|word| word == NO_PEER) {
            Program::Node.find()?;
            peer(metadata).install()?;
        }
    }
    // Not both at once: together they would agree on features that the released service does not have.
    for package in [SERVICE, BENCH] {
        succeed(cargo(metadata).args(["build", "--profile", "dist", "--package", package]))?;
    }
    let binary = metadata.target_directory.join("dist").join(BENCH);
    let status = Command::new(&binary)
        .args(words)
        .current_dir(root)
        .status()
        .with_context(|| format!("starting {binary}"))?;
    Ok(status.success())
}
