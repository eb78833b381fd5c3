use crate::{code, common::Service, stderr};

#[test]
fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let service = Service::prepare(&[]);
    let planned = service.cli_ok(&["migrate", "--dry-run"]);
    assert!(planned.contains("would apply"), "{planned}");
    assert!(!service.data_dir().exists());

    let applied = service.cli_ok(&["migrate"]);
    assert_eq!(applied, planned.replace("would apply", "applied"));
    for again in [["migrate", "--dry-run"].as_slice(), &["migrate"]] {
        assert!(service.cli_ok(again).contains("up to date"));
    }
    assert!(
        service.cli_ok(&["user", "list"]).lines().count() == 1,
        "nobody but the heading"
    );
}

#[test]
fn a_migrated_database_still_has_its_first_start_before_it() {
    let mut service = Service::prepare(&[]);
    service.cli_ok(&["migrate"]);
    service.launch();
    assert!(!service.admin_password().is_empty());
    assert_eq!(crate::json(&service, &["client", "list"]).as_array().unwrap().len(), 2);
}

#[test]
fn commands_make_no_database_by_mistake() {
    let service = Service::prepare(&[]);
    for command in [["user", "list"], ["client", "list"], ["keys", "list"]] {
        let refused = service.cli(&command);
        assert_eq!(code(&refused), 1);
        assert!(
            stderr(&refused).contains("there is no database"),
            "{}",
            stderr(&refused)
        );
    }
    assert!(!service.data_dir().exists());
}
