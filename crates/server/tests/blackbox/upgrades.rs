//! The binary on a Postgres whose schema another release has made: an older one, a newer one that only has more, a newer one
//! that has less.

use std::{process::Output, sync::Arc};

use crate::{
    common::{Service, stores::ProductionStores},
    support::*,
};

/// What takes the schema back to what the first release made.
const FIRST: &str = "ALTER TABLE client_secrets DROP COLUMN label; DROP TABLE schema_floor; DROP TABLE usage_counts;
     DELETE FROM __diesel_schema_migrations WHERE version > '20261124000000'";

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
    stores.sql(FIRST);

    let said = refused(&world.service.cli(&["serve"]));
    assert!(
        said.contains("lacks schema changes (2026-11-25-000000_usage, 2026-11-27-000000_secret_labels)")
            && said.contains("`informer-oauth migrate`")
            && said.contains("`informer-oauth serve --migrate`"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    let said = refused(&world.service.cli(&["user", "list"]));
    assert!(said.contains("`informer-oauth migrate`"), "{said}");
    let planned = world.service.cli_ok(&["migrate", "--dry-run"]);
    assert_eq!(
        planned.trim(),
        "would apply 2026-11-25-000000_usage\nwould apply 2026-11-27-000000_secret_labels"
    );
    let applied = world.service.cli_ok(&["migrate"]);
    assert_eq!(
        applied.trim(),
        "applied 2026-11-25-000000_usage\napplied 2026-11-27-000000_secret_labels"
    );

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
    let log = world.service.log();
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
