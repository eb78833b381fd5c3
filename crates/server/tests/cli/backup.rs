//! `backup` and `restore`, and databases that cannot be served.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use crate::{
    code,
    common::{Service, sign_in},
    json, stderr,
};

fn names(service: &Service) -> Vec<String> {
    let clients = json(service, &["client", "list"]);
    let name = |client: &serde_json::Value| client["name"].as_str().unwrap().to_owned();
    clients.as_array().unwrap().iter().map(name).collect()
}

fn add(service: &Service, name: &str) {
    let uri = "https://board.example.com/callback";
    service.cli_ok(&["client", "create", "--name", name, "--redirect-uri", uri]);
}

/// Overwrites all pages but the first.
fn damage(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    bytes[4096..].fill(0xff);
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_backup_is_restored_after_the_service_was_killed() {
    let mut service = Service::start();
    let copy = service.folder().join("copy.db");
    let copy = copy.to_str().unwrap();
    add(&service, "Kept");
    service.cli_ok(&["backup", copy]);
    assert_eq!(fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(code(&service.cli(&["backup", copy])), 1, "a copy is not overwritten");
    add(&service, "Lost");

    let refused = service.cli(&["restore", copy]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("serves from"), "{}", stderr(&refused));

    // Commands empty the log at their end; what the service writes afterwards is in it.
    sign_in(&service.client(), service.base(), "admin", service.admin_password());
    service.kill9();
    let log = service.data_dir().join("informer-oauth.db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0, "the kill left a log behind");
    service.cli_ok(&["restore", copy]);
    service.launch();
    assert_eq!(names(&service), ["Informer CLI", "Informer GO", "Kept"]);
    assert_eq!(
        service
            .client()
            .get(service.url("/health/ready"))
            .send()
            .unwrap()
            .status(),
        200
    );
}

#[test]
fn a_damaged_copy_is_not_restored_and_a_damaged_database_not_served() {
    let mut service = Service::start();
    let database = service.data_dir().join("informer-oauth.db");
    let copy = service.folder().join("copy.db");
    service.cli_ok(&["backup", copy.to_str().unwrap()]);
    service.terminate();
    let before = fs::read(&database).unwrap();

    let foreign = service.folder().join("foreign.db");
    fs::write(&foreign, "not a database").unwrap();
    let damaged = service.folder().join("damaged.db");
    fs::copy(&copy, &damaged).unwrap();
    damage(&damaged);
    let unfinished = service.folder().join("unfinished.db");
    fs::copy(&copy, &unfinished).unwrap();
    fs::write(service.folder().join("unfinished.db-wal"), "x").unwrap();
    let missing = service.folder().join("missing.db");
    for (file, reason) in [
        (&foreign, "not a SQLite database"),
        (&damaged, "is damaged"),
        (&unfinished, "write-ahead log"),
        (&missing, "No such file"),
    ] {
        let file = file.to_str().unwrap();
        let refused = service.cli(&["restore", file]);
        assert_eq!(code(&refused), 1, "{file}");
        let said = stderr(&refused);
        assert!(said.contains(reason) && said.contains(file), "{said}");
        assert_eq!(fs::read(&database).unwrap(), before, "{file}");
    }

    damage(&database);
    let refused = service.cli(&["serve"]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("is damaged"), "{}", stderr(&refused));
    let found = service.cli(&["doctor", "--output", "json"]);
    assert_eq!(code(&found), 1);
    let found = String::from_utf8(found.stdout).unwrap();
    assert!(found.contains("is damaged"), "{found}");

    service.cli_ok(&["restore", copy.to_str().unwrap()]);
    service.launch();
    assert_eq!(names(&service), ["Informer CLI", "Informer GO"]);
}

#[test]
fn a_full_disk_is_found_by_doctor() {
    let service = Service::start();
    // No file may grow or change, as on a disk that is full; what is there can be read.
    let output = service.cli_under(
        &["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"],
        &["doctor", "--output", "json"],
    );
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let database = found
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["check"] == "database");
    assert_eq!(database.unwrap()["standing"], "failed", "{found}");
    assert_eq!(code(&output), 1);
}

#[test]
fn a_database_that_cannot_be_written_stops_the_start() {
    let mut service = Service::start();
    service.terminate();
    let output = service.cli_under(
        &["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"],
        &["serve"],
    );
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("informer-oauth.db"), "{}", stderr(&output));
}

#[test]
fn open_files_are_closed_at_the_start_and_a_link_to_nowhere_is_refused() {
    let mut service = Service::start();
    service.terminate();
    let (data, key) = (service.data_dir(), service.data_dir().join("encryption.key"));
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    service.launch();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&data), mode(&key)), (0o755, 0o600));
    assert!(service.log().contains("was open to other users"), "{}", service.log());

    let other = Service::prepare(&[]);
    fs::create_dir(other.data_dir()).unwrap();
    let target = other.folder().join("elsewhere.db");
    symlink(&target, other.data_dir().join("informer-oauth.db")).unwrap();
    let refused = other.cli(&["serve"]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("symbolic link"), "{}", stderr(&refused));
    assert!(!target.exists());
}

#[test]
fn a_command_of_another_user_says_whose_the_database_is() {
    let service = Service::start();
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0);
    let data = service.data_dir();
    let refused = if is_root {
        // The folder may be passed through, and the binary be run by anybody.
        fs::set_permissions(service.folder(), fs::Permissions::from_mode(0o755)).unwrap();
        let binary = service.folder().join("program");
        fs::copy(crate::common::BINARY, &binary).unwrap();
        service.cli_under(
            &[
                "sh",
                "-c",
                "shift; exec setpriv --reuid=65534 --clear-groups ./program \"$@\"",
                "sh",
            ],
            &["user", "list"],
        )
    } else {
        fs::set_permissions(&data, fs::Permissions::from_mode(0o000)).unwrap();
        let refused = service.cli(&["user", "list"]);
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
        refused
    };
    assert_eq!(code(&refused), 1);
    let said = stderr(&refused);
    assert!(said.contains("Permission denied") && said.contains("./data"), "{said}");
    assert_eq!(
        is_root,
        said.contains("./data belongs to root, and this command runs as"),
        "{said}"
    );
    assert!(!said.contains("there is no database"), "{said}");
}

#[test]
fn a_variable_with_one_underscore_is_a_warning() {
    let service = Service::prepare(&[("INFORMER_OAUTH_ISSUER", "https://bi.example.com")]);
    let checked = service.cli(&["config", "check"]);
    assert_eq!(code(&checked), 0);
    let said = stderr(&checked);
    assert!(said.contains("did you mean INFORMER_OAUTH__ISSUER?"), "{said}");
    let service = Service::start_with(&[("INFORMER_OAUTH_ISSUER", "https://bi.example.com")]);
    assert!(service.log().contains("did you mean INFORMER_OAUTH__ISSUER?"));
}
