//! Runs the documents: every `sh` block of the pages below is typed into a shell beside a real service, and what it
//! prints is compared with the answer that the page shows. A page cannot claim what does not happen.
//!
//! Rules for whoever writes a page:
//!
//! - The blocks of one page run in order in one bash with `set -euo pipefail`, in the folder of a service that has just
//!   been started for the first time. `http://127.0.0.1:8787` and `target/release/informer-oauth` are that service and
//!   its binary; `THE-PRINTED-PASSWORD` is the password that its first start printed.
//! - The block right after an `sh` block shows its answer: `json` (compared as data), `http` (what `curl -i` prints; headers
//!   that are not shown are not compared), `text` (runs of blanks are equal). Without one, the block prints nothing.
//! - `…` in an answer stands for anything; as an object's key or an array's last item, for any further ones; on a line of
//!   its own, for any lines.
//! - `<!-- start -->` before a `text` block: it shows what the first start printed. `<!-- restart -->`: the service is
//!   restarted here. `<!-- not run: why -->`: the next `sh` block is not run.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod answer;
mod links;
mod page;
mod reference;
mod shell;

use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Arc,
};

use informer_oauth_testkit::{
    informer::{FakeInformer, FakeUser},
    servers::{ThrowawayPostgres, redis::RedisServer},
};

use self::{
    page::{Page, Step},
    shell::Shell,
};
use crate::common::{Service, stores::ProductionStores};

/// The addresses and the binary as the pages write them.
const ADDRESS: &str = "127.0.0.1:8787";
const BINARY: &str = "target/release/informer-oauth";
const PASSWORD: &str = "THE-PRINTED-PASSWORD";
/// Informer's address as the pages write it, and the variable that says where it is.
const INFORMER: &str = "http://127.0.0.1:3000";
const INFORMER_URL: &str = "INFORMER_URL";

/// The top of the workspace.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a page from top to bottom and reports every answer that is not as shown.
fn walk(name: &str) {
    walk_beside(name, Service::start(), &[]);
}

/// As [`walk`], beside this service, with further variables in the shell.
fn walk_beside(name: &str, mut service: Service, environment: &[(&str, String)]) {
    let page = Page::read(&workspace(), name);
    let address = service.base().trim_start_matches("http://").to_owned();
    let informer = environment.iter().find(|(name, _)| *name == INFORMER_URL);
    let informer = informer.map_or(INFORMER, |(_, url)| url.as_str());
    let as_shown = |text: &str| {
        text.replace(&address, ADDRESS)
            .replace(informer, INFORMER)
            .replace(&address.replace(':', "%3A"), &ADDRESS.replace(':', "%3A"))
    };
    let mut shell = Shell::start(service.folder(), &address, environment);
    let mut wrong = Vec::new();
    let mut ran = 0;
    for step in &page.steps {
        match step {
            Step::Start { line, shown } => {
                let printed = as_shown(&service.stdout());
                wrong.extend(answer::compare("text", shown, &printed).map(|why| format!("{name}:{line}: {why}")));
            }
            Step::Restart => service.restart(),
            Step::Run { line, script, shown } => {
                let script = script
                    .replace(ADDRESS, &address)
                    .replace(INFORMER, informer)
                    .replace(PASSWORD, service.admin_password());
                let (printed, status) = shell.run(&script);
                assert_eq!(status, 0, "{name}:{line}: the block failed and printed\n{printed}");
                let (language, text) = shown
                    .as_ref()
                    .map_or(("text", ""), |shown| (shown.language.as_str(), shown.text.as_str()));
                let differs = answer::compare(language, text, &as_shown(&printed));
                wrong.extend(differs.map(|why| format!("{name}:{line}: {why}")));
                ran += 1;
            }
        }
    }
    assert!(ran > 0, "{name} has no block to run");
    assert!(wrong.is_empty(), "{}\n", wrong.join("\n\n"));
}

#[test]
fn the_five_minutes_of_the_readme_work_as_printed() {
    walk("README.md");
}

#[test]
fn the_quick_start_works_as_printed() {
    walk("docs/quick-start.md");
}

#[test]
fn the_flows_work_as_printed() {
    walk("docs/flows.md");
}

#[test]
fn the_gates_page_works_as_printed() {
    walk("docs/gate.md");
}

#[test]
fn the_configuration_page_works_as_printed() {
    walk("docs/configuration.md");
}

#[test]
fn the_page_about_informer_works_as_printed_beside_one() {
    let informer = FakeInformer::start();
    informer.set_user(FakeUser::named("admin").superuser());
    let (url, token) = (informer.url(), informer.api_token());
    let service = Service::start_with(&[
        ("INFORMER_OAUTH__IDENTITY__KIND", "informer"),
        ("INFORMER_OAUTH__IDENTITY__INFORMER__URL", &url),
        ("INFORMER_OAUTH__IDENTITY__INFORMER__API_TOKEN", &token),
        ("INFORMER_OAUTH__IDENTITY__INFORMER__LOGIN_URL", "/login"),
        // Nobody is made with it.
        ("INFORMER_OAUTH__BOOTSTRAP__ADMIN_PASSWORD", "not used beside Informer"),
    ]);
    let environment = [(INFORMER_URL, url.clone()), ("INFORMER_API_TOKEN", token.clone())];
    walk_beside("docs/informer.md", service, &environment);
}

#[test]
fn the_production_page_works_as_printed_on_postgres_and_redis() {
    let postgres = ThrowawayPostgres::start();
    let redis = RedisServer::start_with(&["--appendonly", "yes"]);
    let stores = Arc::new(ProductionStores::on(&postgres, (redis.url(), None)));
    let service = Service::start_on(&stores, &[]);
    let mut environment = stores.environment();
    // The programs of the server that the service runs on.
    let path = std::env::var("PATH").unwrap_or_default();
    environment.push(("PATH", format!("{}:{path}", postgres.programs().display())));
    walk_beside("docs/production.md", service, &environment);
}

#[test]
fn the_deployment_page_works_as_printed() {
    let service = Service::start();
    symlink(workspace().join("deploy"), service.folder().join("deploy")).unwrap();
    walk_beside("docs/deployment.md", service, &[]);
}
