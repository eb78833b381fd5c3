//! The schema with everything in it: upgraded from what each older release filled, taken back a step, changed by several at
//! once, and used by the release before.

use std::{
    fs,
    path::{Path, PathBuf},
};

use informer_oauth_domain::{client_secret::ClientSecret, id::ClientRef};
use informer_oauth_ports::{ClientStore, UsageLog};
use informer_oauth_postgres::{ConnectError, Postgres};
use informer_oauth_testkit::{
    population::{self, Contents},
    run,
    servers::{ThrowawayDatabase, ThrowawayPostgres},
    values::{client_uid, moment},
};

use crate::support::patient;

/// A change of the schema.
struct Step {
    folder: PathBuf,
}

impl Step {
    fn name(&self) -> String {
        self.folder.file_name().unwrap().to_str().unwrap().to_owned()
    }

    fn version(&self) -> String {
        self.name().split_once('_').unwrap().0.replace('-', "")
    }

    fn sql(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).unwrap()
    }

    fn up(&self, database: &ThrowawayDatabase) {
        database.sql(&self.sql("up.sql"));
        database.sql(
            "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (
                version varchar(50) PRIMARY KEY NOT NULL, run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)",
        );
        let version = self.version();
        database.sql(&format!(
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')"
        ));
    }

    fn down(&self, database: &ThrowawayDatabase) {
        database.sql(&self.sql("down.sql"));
        let version = self.version();
        database.sql(&format!(
            "DELETE FROM __diesel_schema_migrations WHERE version = '{version}'"
        ));
    }

    /// What the release that ended with this step sends, if a file says so.
    fn sends(&self, what: &str) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/releases");
        fs::read_to_string(folder.join(format!("{}.{what}.sql", self.name()))).unwrap_or_default()
    }
}

/// Every change, oldest first.
fn steps() -> Vec<Step> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../migrations/postgres");
    let entries = fs::read_dir(folder).unwrap();
    let mut steps: Vec<Step> = entries
        .map(|entry| Step {
            folder: entry.unwrap().path(),
        })
        .collect();
    steps.sort_unstable_by_key(Step::name);
    steps
}

/// A database as the release that ended with the last of `steps` left it, filled by every release until then.
fn filled_by(steps: &[Step]) -> ThrowawayDatabase {
    let database = ThrowawayPostgres::shared().database();
    for step in steps {
        step.up(&database);
        database.sql(&step.sends("populate"));
    }
    database
}

async fn migrated(database: &ThrowawayDatabase) -> (Postgres, Vec<String>) {
    let options = patient(&database.url());
    let applied = Postgres::migrate(&options, false).await.unwrap();
    (Postgres::connect(&options).await.unwrap(), applied)
}

/// What the ports of this release tell after the same had been done through them.
async fn by_this_release(older: &[Step], and_worked: bool) -> Contents {
    let has = |change: &str| older.iter().any(|step| step.name().ends_with(change));
    let database = ThrowawayPostgres::shared().database();
    let (store, _) = migrated(&database).await;
    population::populate(&store).await.unwrap();
    if has("_usage") {
        UsageLog::add(&store, &population::usage()).await.unwrap();
    }
    if has("_consent_resources") {
        population::populate_consent_resources(&store).await.unwrap();
    }
    if and_worked {
        population::work(&store).await.unwrap();
    }
    population::contents(&store).await.unwrap()
}

fn tables(database: &ThrowawayDatabase) -> Vec<String> {
    let names = database.sql(
        "SELECT tablename FROM pg_tables
         WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations' ORDER BY 1",
    );
    names.lines().map(str::to_owned).collect()
}

/// Every row of every table, as text.
fn rows(database: &ThrowawayDatabase) -> Vec<String> {
    let of = |table: &String| database.sql(&format!("SELECT '{table}', t::text FROM {table} t ORDER BY 2"));
    tables(database).iter().map(of).collect()
}

#[test]
fn every_row_that_an_older_release_wrote_is_there_after_the_upgrade() {
    run(async {
        let steps = steps();
        for older in 1..steps.len() {
            let database = filled_by(&steps[..older]);
            for table in tables(&database) {
                let there = database.sql(&format!("SELECT EXISTS (SELECT FROM {table})"));
                assert_eq!(there, "t", "tests/releases puts nothing into {table}");
            }
            let (store, applied) = migrated(&database).await;
            let names: Vec<String> = steps[older..].iter().map(Step::name).collect();
            assert_eq!(applied, names);
            let expected = by_this_release(&steps[..older], false).await;
            assert_eq!(population::contents(&store).await.unwrap(), expected);
            // And it is as good for work as a new one.
            population::work(&store).await.unwrap();
            let expected = by_this_release(&steps[..older], true).await;
            assert_eq!(population::contents(&store).await.unwrap(), expected);
        }
    });
}

#[test]
fn what_an_older_schema_can_hold_is_kept_on_the_way_down_to_it_and_up_again() {
    run(async {
        let steps = steps();
        for older in 1..steps.len() {
            let database = filled_by(&steps[..older]);
            let before = rows(&database);
            let (store, _) = migrated(&database).await;
            store.close();
            for step in steps[older..].iter().rev() {
                step.down(&database);
            }
            assert_eq!(rows(&database), before);
            let (store, applied) = migrated(&database).await;
            assert_eq!(applied.len(), steps.len() - older);
            let expected = by_this_release(&steps[..older], false).await;
            assert_eq!(population::contents(&store).await.unwrap(), expected);
        }
    });
}

#[test]
fn of_two_and_of_eight_that_upgrade_a_filled_database_at_once_one_does_and_all_succeed() {
    run(async {
        let steps = steps();
        let expected = by_this_release(&steps[..steps.len() - 1], false).await;
        for many in [2, 8] {
            let database = filled_by(&steps[..steps.len() - 1]);
            let migrating: Vec<_> = (0..many)
                .map(|_| {
                    let options = patient(&database.url());
                    tokio::spawn(async move { Postgres::migrate(&options, false).await })
                })
                .collect();
            let mut did = Vec::new();
            for outcome in migrating {
                did.extend(outcome.await.unwrap().unwrap());
            }
            assert_eq!(did, [steps.last().unwrap().name()]);
            let store = Postgres::connect(&patient(&database.url())).await.unwrap();
            assert_eq!(population::contents(&store).await.unwrap(), expected);
        }
    });
}

#[test]
fn the_releases_before_work_on_the_newest_schema() {
    run(async {
        let database = ThrowawayPostgres::shared().database();
        let (store, _) = migrated(&database).await;
        let steps = steps();
        let (_, older) = steps.split_last().unwrap();
        for what in ["populate", "work"] {
            for step in older {
                database.sql(&step.sends(what));
            }
        }
        let expected = by_this_release(older, true).await;
        assert_eq!(population::contents(&store).await.unwrap(), expected);
    });
}

#[test]
fn a_filled_database_of_an_older_release_is_refused_and_left_as_it_is() {
    run(async {
        let steps = steps();
        let (newest, older) = steps.split_last().unwrap();
        let database = filled_by(older);
        let before = rows(&database);
        let refused = Postgres::connect(&patient(&database.url())).await.unwrap_err();
        assert!(matches!(&refused, ConnectError::Older(lacking) if lacking == &[newest.name()]));
        assert!(refused.to_string().contains("`informer-oauth migrate`"), "{refused}");
        assert_eq!(rows(&database), before);
    });
}

#[test]
fn a_label_outlives_the_work_of_the_releases_before() {
    run(async {
        let database = ThrowawayPostgres::shared().database();
        let (store, _) = migrated(&database).await;
        population::populate(&store).await.unwrap();
        let labelled = population::a_labelled_secret();
        store.insert_secret(&labelled, None).await.unwrap();
        store.touch_secret(labelled.uid, moment(12)).await.unwrap();
        let steps = steps();
        let (_, older) = steps.split_last().unwrap();
        for step in older {
            database.sql(&step.sends("work"));
        }
        let client = ClientRef::Uid(client_uid(1));
        let kept = store.registration(client).await.unwrap().unwrap();
        let expected = ClientSecret {
            last_used_at: Some(moment(12)),
            ..labelled
        };
        assert_eq!(kept.secrets.len(), 2, "another was made by the work");
        assert!(kept.secrets.contains(&expected), "{kept:?}");
    });
}
