//! `deploy/smoke.sh` on the service alone, which knows its users itself.

use std::{path::Path, process::Command};

use crate::{common::Service, stdout};

#[test]
fn a_service_that_is_well_passes_the_smoke_test() {
    let service = Service::start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/smoke.sh");
    let run = Command::new("sh")
        .arg(script)
        .args([
            "--no-proxy",
            "--service",
            service.base(),
            "--user",
            "admin",
            service.base(),
        ])
        .env("SMOKE_PASSWORD", service.admin_password())
        .env("no_proxy", "*")
        .output()
        .unwrap();
    let said = stdout(&run);
    assert!(run.status.success(), "{said}");
    assert!(
        said.contains("ok    sign-in: as admin") && said.ends_with(" passed, 0 failed\n"),
        "{said}"
    );
}
