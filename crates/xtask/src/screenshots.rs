//! `cargo xtask screenshots`: the pictures of the pages that the documentation shows, taken of the pages as they are.

use std::process::Command;

use anyhow::Result;
use cargo_metadata::Metadata;

use crate::process::{cargo, succeed};
use crate::programs::{self, Program};
use crate::suites::{self, NodeSuite};

/// Builds the service, and lets a script of the browser tests start one, fill it and look at it.
pub(crate) fn run(metadata: &Metadata) -> Result<()> {
    let root = &metadata.workspace_root;
    programs::provide(&[Program::Chromium, Program::Fonts, Program::Node, Program::Npm])?;
    let folder = root.join("tests/browser");
    NodeSuite {
        folder: folder.clone().into(),
    }
    .install()?;
    succeed(cargo(metadata).args(["build", "--package", "informer-oauth"]))?;
    let binary = metadata.target_directory.join("debug/informer-oauth");
    let mut command = Command::new(Program::Node.find()?);
    command
        .arg("screenshots.mjs")
        .arg(root.join("docs/images"))
        .arg(metadata.target_directory.join("screenshots"))
        .current_dir(folder);
    succeed(suites::about(&mut command, binary.as_std_path())?)
}
