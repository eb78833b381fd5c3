//! The binary on a Postgres whose schema another release has made: an older one, a newer one that only has more, a newer one
//! that has less.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::Arc,
};

use crate::{
    common::{Service, stores::ProductionStores},
    support::*,
};

/// The folder of each migration of Postgres after the first, oldest first.
fn later_migrations() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut migrations: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    migrations.sort();
    migrations.split_off(1)
}

fn names(migrations: &[PathBuf]) -> Vec<&str> {
    migrations
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap())
        .collect()
}

/// Takes the schema back to that of the first release.
fn revert_to_first(stores: &ProductionStores) {
    for migration in later_migrations().iter().rev() {
        stores.sql(&fs::read_to_string(migration.join("down.sql")).unwrap());
    }
    stores.sql("DELETE FROM __diesel_schema_migrations WHERE version > '20261124000000'");
}

/// What a later release may add while this one serves.
const ADDED: &str = "CREATE TABLE later (x integer);
     ALTER TABLE users ADD COLUMN later text;
     ALTER TABLE clients ADD COLUMN later text[] NOT NULL DEFAULT '{}';
     ALTER TABLE token_records ADD COLUMN later integer NOT NULL DEFAULT 0;
     CREATE INDEX token_records_later ON token_records (later);
     INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')";

/// What a still later one does when it takes something away.
const TAKEN_AWAY: &str = "UPDATE schema_floor SET version = '29990102000000';
     INSERT INTO __diesel_schema_migrations (version) VALUES ('29990102000000')";

#[track_caller]
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn on_an_older_schema_nothing_starts_until_it_is_migrated_and_then_everything_is_there() {
    let stores = Arc::new(ProductionStores::new());
    let mut world = World::around(Service::start_on(&stores, &[]));
    let client = world.public_client();
    let tokens = world.tokens(&client);
    assert!(world.service.terminate().success());
    revert_to_first(&stores);
    let migrations = later_migrations();
    let names = names(&migrations);

    let said = refused(&world.service.cli(&["serve"]));
    assert!(
        said.contains(&format!("lacks schema changes ({})", names.join(", ")))
            && said.contains("`informer-oauth migrate`")
            && said.contains("`informer-oauth serve --migrate`"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    let said = refused(&world.service.cli(&["user", "list"]));
    assert!(said.contains("`informer-oauth migrate`"), "{said}");
    let planned = world.service.cli_ok(&["migrate", "--dry-run"]);
    let each = |verb: &str| names.iter().map(|name| format!("{verb} {name}")).collect::<Vec<_>>();
    assert_eq!(planned.trim().lines().collect::<Vec<_>>(), each("would apply"));
    let applied = world.service.cli_ok(&["migrate"]);
    assert_eq!(applied.trim().lines().collect::<Vec<_>>(), each("applied"));

    world.service.launch();
    world.reconnect();
    world.refreshed(&client, tokens.refresh());
}

#[test]
fn while_a_newer_release_adds_to_the_schema_this_one_goes_on_and_can_be_started_on_it() {
    let stores = Arc::new(ProductionStores::new());
    let mut world = World::around(Service::start_on(&stores, &[]));
    let client = world.public_client();
    let tokens = world.tokens(&client);
    let tokens = world.refreshed(&client, tokens.refresh());

    stores.sql(ADDED);
    let tokens = world.refreshed(&client, tokens.refresh());
    world.tokens(&client);
    world.user("ada");
    world.public_client();
    assert_eq!(world.service.cli_ok(&["migrate"]).trim(), "the schema is up to date");

    world.service.restart();
    world.reconnect();
    world.refreshed(&client, tokens.refresh());
    let log = world.service.log_with("added to the Postgres schema");
    assert!(
        log.contains("added to the Postgres schema") && log.contains("29990101000000"),
        "{log}"
    );
    let doctor = world.service.cli_ok(&["doctor"]);
    assert!(doctor.contains("the schema is up to date"), "{doctor}");
}

#[test]
fn on_a_schema_that_asks_for_a_newer_release_nothing_starts() {
    let stores = Arc::new(ProductionStores::new());
    let mut world = World::around(Service::start_on(&stores, &[]));
    assert!(world.service.terminate().success());
    stores.sql(ADDED);
    stores.sql(TAKEN_AWAY);
    for command in [
        ["serve", "--migrate"].as_slice(),
        &["serve"],
        &["migrate"],
        &["user", "list"],
    ] {
        let said = refused(&world.service.cli(command));
        assert!(
            said.contains("changed by a newer version of this program")
                && said.contains("29990101000000, 29990102000000"),
            "{command:?}: {said}"
        );
    }
}
